import { described } from '../bytes/check.js';
import { ByteWriter } from './ByteWriter.js';
import { checkReturned } from './checkWritten.js';

/**
 * Makes the `encode` of a codec from a function that writes one message, as `decoder` makes its decoder from one that
 * reads it.
 *
 * The writer is used again for the next message: a message costs one array, its own. When the function throws, that is
 * passed on, and nothing is left of the message. It may encode other messages, also by itself.
 *
 * @example
 * ```ts
 * import { codec, connectionPair, decoder, encoder } from 'rxjs-net';
 *
 * interface Reading {
 *   readonly sensor: string;
 *   readonly value: number;
 * }
 * const readings = codec(
 *   decoder(function* (bytes) {
 *     const sensor = yield* bytes.text(yield* bytes.varint());
 *     return { sensor, value: yield* bytes.float32() };
 *   }),
 *   encoder((writer, { sensor, value }: Reading) => {
 *     writer.lengthPrefixed('varint', sensor).float32(value);
 *   }),
 * );
 *
 * const [device, station] = connectionPair();
 * station.reader.frames(readings).subscribe(console.log); // { sensor: 'outside', value: 21.5 }
 * device.writer.write(readings.encode({ sensor: 'outside', value: 21.5 }));
 * ```
 */
export function encoder<T>(write: (writer: ByteWriter, message: T) => unknown): (message: T) => Uint8Array {
  if (typeof write !== 'function') {
    throw new TypeError(
      `encoder() takes a function, encoder((writer, message) => { … }), not ${described(write)}`,
    );
  }
  let idle: ByteWriter | undefined;
  return (message) => {
    const writer = idle ?? new ByteWriter();
    // Out of reach for a message within this one; and left to the collector if this one fails.
    idle = undefined;
    checkReturned(write(writer, message));
    const bytes = writer.finish();
    idle = writer;
    return bytes;
  };
}
