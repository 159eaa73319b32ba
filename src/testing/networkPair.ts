import { Connection } from '../streams/Connection.js';
import { ConnectionSettings, type ConnectionOptions } from '../streams/ConnectionSettings.js';
import { networkTransports, type NetworkOptions } from './NetworkTransport.js';

/** Options of {@link networkPair}. */
export interface NetworkPairOptions extends ConnectionOptions, NetworkOptions {}

/**
 * Two connections with a network in between: `connectionPair` with latency, a bandwidth, chunk sizes, buffers that fill
 * up, and whatever else goes wrong on the way.
 *
 * ```text
 * one writes      a---b-------|       { latency: 3 }
 * other receives  ---a---b-------|
 *
 * one writes      abc---------        { chunkSize: 1, bandwidth: 500 }
 * other receives  --a-b-c-----
 * ```
 *
 * - **Time** is the scheduler's: with a `TestScheduler` or a `VirtualTimeScheduler` all of it is virtual, and the same
 *   program gives the same events on every machine. Without latency and bandwidth everything takes place within the
 *   call, as it does on a `connectionPair`.
 * - **Bandwidth**: a piece arrives when its last byte has come through, `latency` later; a `chunkSize` makes the
 *   pieces smaller.
 * - **Backpressure**: bytes that the other end has not taken fill the `window`; what is beyond waits in the writer's
 *   queue. Room is seen at once, without the time that an acknowledgement takes.
 * - **Clogged**: what would have arrived meanwhile arrives at once when it is over.
 * - **Ends**: the end of a stream and a close take the latency, after all bytes; `waitClosed()` emits when the other
 *   end has got there. An abort is known at once to its own end, and to the other one after the latency: bytes that
 *   arrive until then are delivered, all others are lost. Bytes for an end that has closed come back as a reset.
 *
 * @throws `TypeError` or `RangeError` when an option is none
 *
 * @example
 * ```ts
 * import { networkPair } from 'rxjs-net/testing';
 * import { VirtualTimeScheduler } from 'rxjs';
 *
 * const scheduler = new VirtualTimeScheduler();
 * const [client, server] = networkPair({ latency: 20, scheduler });
 * server.reader.readLine().subscribe((line) => server.writer.write(line));
 * client.reader.readLine().subscribe(() => console.log(`${scheduler.now()} ms`)); // 40 ms
 * client.writer.write('ping\n');
 * scheduler.flush();
 * ```
 */
export function networkPair(options: NetworkPairOptions = {}): [Connection, Connection] {
  // Before the network is there: it would keep its subscription to clogged$.
  ConnectionSettings.of(options);
  const [one, other] = networkTransports(options);
  try {
    return [new Connection(one, options), new Connection(other, options)];
  } catch (error) {
    // `wrap` has thrown.
    one.abort();
    other.abort();
    throw error;
  }
}
