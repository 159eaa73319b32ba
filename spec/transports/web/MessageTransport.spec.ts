import fc from 'fast-check';
import { TestScheduler } from 'rxjs/testing';
import { Connection, ConnectionLostError, messages } from '../../../src/index.js';
import { messageSettings, type MessageOptions } from '../../../src/transports/web/MessageSettings.js';
import { MessageTransport } from '../../../src/transports/web/MessageTransport.js';
import { bytes, joined, text } from '../../contracts/bytes.js';
import { linkPair } from './linkPair.js';

/** Two ends on a link; each with its connection. */
function pair(credits: boolean, options: MessageOptions = {}, flowControl?: 'stream') {
  const links = linkPair(flowControl);
  const ends = links.map(
    (link) => new Connection(new MessageTransport(link, messageSettings(options, credits)), options),
  );
  return { links, one: ends[0]!, other: ends[1]! };
}

/** One end whose peer is played by hand. */
function end(options: MessageOptions = {}) {
  const [link, peer] = linkPair();
  const connection = new Connection(new MessageTransport(link, messageSettings(options, true)), options);
  const received: unknown[] = [];
  peer.start({
    message: (message) => received.push(typeof message === 'string' ? message : text(message)),
    sent: () => undefined,
    closed: ({ code }) => received.push(`closed ${code}`),
  });
  return { connection, peer, received };
}

function lossOf({ writer }: Connection): { code?: string; message?: string } {
  let cause: object = {};
  writer.waitClosed().subscribe({ error: (e: ConnectionLostError) => (cause = e.cause as object) });
  return cause;
}

describe('MessageTransport', () => {
  it('carries bytes whatever their cuts, at any pace, with and without credits', () => {
    const chunks = fc.array(fc.uint8Array({ maxLength: 300, minLength: 1 }), { maxLength: 20 });
    fc.assert(
      fc.property(chunks, fc.boolean(), fc.integer({ min: 1, max: 200 }), (sent, credits, step) => {
        const { one, other } = pair(
          credits,
          { limit: 16, receiveLimit: 2000 },
          credits ? undefined : 'stream',
        );
        for (const chunk of sent) one.writer.write(chunk);
        one.writer.close();
        const whole = joined(sent);
        const received: Uint8Array[] = [];
        for (let at = 0; at <= whole.length; at += step) {
          other.reader.read(step).subscribe((chunk) => received.push(chunk));
        }
        other.reader.read().subscribe((rest) => received.push(rest));
        expect(joined(received)).toEqual(whole);
      }),
    );
  });

  it('ends one direction, and closes when both have ended', () => {
    const { one, other } = pair(true);
    const log: string[] = [];
    for (const [name, { reader, writer }] of Object.entries({ one, other })) {
      reader.read().subscribe((all) => log.push(`${name} got ${text(all)}`));
      writer.waitClosed().subscribe(() => log.push(`${name} closed`));
    }
    one.writer.write('question');
    one.writer.writeEof();
    expect(log).toEqual(['other got question']);
    other.writer.write('answer');
    other.writer.writeEof();
    expect(log.slice(1).sort()).toEqual(['one closed', 'one got answer', 'other closed']);
  });

  it('lets the peer send a window, and grants as it is read', () => {
    const { connection, peer, received } = end({ receiveLimit: 1000, limit: 100 });
    peer.send('+5000');
    for (let i = 0; i < 8; i++) peer.send(new Uint8Array(100));
    // Up to 200 wait in the reader, the rest in the transport.
    expect(connection.reader.bufferedBytes).toBe(300);
    const granted = (): number =>
      received.reduce<number>(
        (sum, message) => sum + (String(message).startsWith('+') ? Number(message) : 0),
        0,
      );
    expect(granted()).toBe(1000 + 328);
    connection.reader.readExactly(800).subscribe();
    // Each message costs 164, and a quarter of the window is granted at once.
    expect(granted()).toBe(1000 + 4 * 328);
  });

  it('is lost when the peer sends without credit, and delivers what came before', () => {
    const { connection, peer, received } = end({ receiveLimit: 300, limit: 10 });
    peer.send('+5000');
    for (let i = 0; i < 10; i++) peer.send(new Uint8Array(50).fill(i));
    expect(lossOf(connection).code).toBe('ERR_FLOW_CONTROL');
    expect(received.at(-1)).toBe('closed 4000');
    expect(connection.reader.bufferedBytes).toBeGreaterThanOrEqual(150);
  });

  it('is lost by what is no control message, by an end said twice, and by what comes after it', () => {
    for (const [sent, message] of [
      [['!'], 'No control message: "!"'],
      [['"hello'], 'The peer is in message mode, this end is not: "\\"hello"'],
      [['.', '.'], 'The peer has ended its direction twice'],
      [['.', bytes('x')], 'The peer sends after the end of its direction'],
      [['+-5'], 'The peer grants "+-5", which is no credit'],
    ] as const) {
      const { connection, peer } = end();
      peer.send('+5000');
      for (const one of sent) peer.send(one);
      expect(lossOf(connection)).toEqual(jasmine.objectContaining({ code: 'ERR_FLOW_CONTROL', message }));
    }
  });

  it('answers a ping, and no more than the peer hears', () => {
    const { peer, received } = end();
    peer.send('+5000');
    peer.send('?');
    expect(received).toEqual(['+1048576', '=']);
    peer.paused = true;
    for (let i = 0; i < 70_000; i++) peer.send('?');
    expect(peer.peer.queuedBytes).toBe(65_536);
  });

  it('is lost when the peer says nothing after a ping', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ expectObservable, cold }) => {
      const { connection, peer, received } = end({ scheduler, heartbeat: { interval: 10, timeout: 5 } });
      peer.send('+5000');
      // Heard in the first and the second ten milliseconds, and asked after the third.
      cold('12ms x').subscribe(() => peer.send('='));
      expectObservable(connection.writer.waitClosed()).toBe(
        '35ms #',
        undefined,
        jasmine.any(ConnectionLostError) as never,
      );
      cold('40ms x').subscribe(() => expect(received).toEqual(['+1048576', '?', 'closed 4000']));
    });
  });

  it('does not take a peer for gone that it does not listen to itself', () => {
    const scheduler = new TestScheduler((actual, expected) => expect(actual).toEqual(expected));
    scheduler.run(({ expectObservable, cold }) => {
      const [link, peer] = linkPair('stream');
      const heartbeat = { interval: 10, timeout: 5, ping: 'hi' };
      const asking = new Connection(
        new MessageTransport(link, messageSettings({ heartbeat, scheduler }, false)),
        { limit: 1 },
      );
      peer.start({ message: () => undefined, sent: () => undefined, closed: () => undefined });
      peer.send('more than the limit');
      expectObservable(asking.writer.waitClosed()).toBe(
        '105ms #',
        undefined,
        jasmine.any(ConnectionLostError) as never,
      );
      // Once it listens again, it asks.
      cold('99ms x').subscribe(() => asking.reader.read(100).subscribe());
    });
  });

  it('is lost when the peer closes while something waits to be sent', () => {
    const { connection, peer } = end();
    connection.writer.write('no credit for this');
    peer.close(1000, '');
    expect(lossOf(connection).message).toBe('The peer closed while 18 bytes waited to be sent');
  });

  it('keeps what it received for a reader that is paused, also after the peer has closed', () => {
    const { one, other } = pair(true, { limit: 4 });
    other.writer.write('0123456789');
    other.writer.write('abcdefghij');
    other.writer.close();
    expect(one.writer.isClosing()).toBeFalse();
    let all = '';
    one.reader.read().subscribe((rest) => (all = text(rest)));
    expect(all).toBe('0123456789abcdefghij');
    expect(one.writer.isClosing()).toBeTrue();
  });

  it('finds out at the next write that the peer has closed', () => {
    const { one, other } = pair(true, { limit: 4 });
    other.writer.write('0123456789');
    other.writer.write('abcdefghij');
    other.writer.close();
    one.writer.write('x');
    expect(lossOf(one).code).toBe('ECONNRESET');
  });

  it('sends all that waits for credit before it closes, while the other end closes too', () => {
    const { one, other } = pair(true, { receiveLimit: 200, limit: 10 });
    for (let i = 0; i < 10; i++) {
      one.writer.write(new Uint8Array(100));
      other.writer.write(new Uint8Array(100));
    }
    one.writer.close();
    other.writer.close();
    let closed = 0;
    one.writer.waitClosed().subscribe(() => closed++);
    other.writer.waitClosed().subscribe(() => closed++);
    expect(closed).toBe(2);
  });

  it('is lost when the memory of what waits is taken away', () => {
    const { connection, peer } = end();
    const data = new Uint8Array(10);
    connection.writer.write(data);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    peer.send('+5000');
    expect(lossOf(connection).message).toBe(
      '10 bytes could not be sent: their memory was transferred or resized',
    );
  });

  it('keeps messages whole between ends in message mode, marked where they are text', () => {
    const { one, other, links } = pair(true, { mode: 'messages' });
    const seen: unknown[] = [];
    other.reader.frames(messages()).subscribe((message) => seen.push(message));
    const sent = ['', '+1', '.', 'x'.repeat(200_000), new Uint8Array(200_000), Uint8Array.of(1)];
    for (const message of sent) one.writer.write(message);
    expect(seen).toEqual(sent);
    expect(links[0].sent.slice(1, 4)).toEqual(['"', '"+1', '".']);
  });

  it('takes what is written, closed and aborted from inside every call', () => {
    const { one, other } = pair(true, { limit: 4 });
    const seen: string[] = [];
    one.reader.chunks().subscribe({
      next: (chunk) => {
        seen.push(text(chunk));
        if (seen.length === 1) other.writer.write('two');
        if (seen.length === 2) one.writer.abort();
      },
      error: () => seen.push('#'),
    });
    other.writer.write('one');
    other.writer.write('never seen');
    expect(seen).toEqual(['one', 'two', '#']);
    expect(lossOf(other).code).toBe('ERR_WEBSOCKET_CLOSED');
  });

  it('costs no more for each of many messages that wait', () => {
    const { connection, peer } = end({ receiveLimit: 2 ** 24, limit: 4 });
    peer.send('+5000');
    const many = 100_000;
    for (let i = 0; i < many; i++) peer.send(new Uint8Array(1));
    let read = 0;
    connection.reader.chunks().subscribe(({ length }) => (read += length));
    expect(read).toBe(many);
  });
});
