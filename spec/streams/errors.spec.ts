import * as api from '../../src/index.js';
import { connectionReset } from '../../src/streams/errors.js';
import * as nats from '../../src/nats.js';

describe('errors', () => {
  // Made in each spec: what is made while the file loads is not seen by all that look for gaps in it.
  const makeAll = () => [
    new api.IncompleteReadError(new Uint8Array(2), 5),
    new api.LimitOverrunError('too long', 3),
    new api.DecodeError('bad byte'),
    new api.ConnectionLostError(new Error('read ECONNRESET')),
    new api.ConnectionClosedError('closed'),
    new api.WriteAfterEndError('write after close()'),
    new api.ReaderBusyError(),
    new api.WriteOverflowError(7, 90, 95),
    new api.ConnectTimeoutError(1500),
    new api.HandshakeTimeoutError(2500),
    new api.IdleTimeoutError(3500),
    new api.UnreadPlaintextError(12),
    new api.StaleSocketError('/run/left.sock', new Error('listen EADDRINUSE')),
    new api.TooManyConnectionsError(100, 20),
    new api.RequestTimeoutError(4500),
    new api.ProxyError('a.example:443', 'refused', 'the proxy answered 403', { status: 403 }),
    new api.StepTimeoutError(5500),
    new api.WebSocketCloseError(4001, 'go away'),
    new api.ReceiveLimitError(17, 16),
    new api.FlowControlError('the peer sent 5 bytes more than it may'),
    new api.HeartbeatTimeoutError(6500),
    new api.AddressLimitError('2001:db8:0:0::/64', 30),
    new api.ProxyProtocolError('missing', { address: '192.0.2.7', family: 'IPv4', port: 5 }, 'no header'),
    new nats.ConsumerLostError('FRAMES', 'workers', 'deleted'),
    new nats.AckLostError('FRAMES', 17, new Error('timeout')),
    new nats.PublishError('frames.in', 'id', 3, new Error('timeout')),
    new api.SlowConsumerError(70, 60),
  ];

  it('are StreamErrors with a code, a name that is their class, and a message', () => {
    for (const error of makeAll()) {
      expect(error).toBeInstanceOf(api.StreamError);
      expect(error.code).toMatch(/^ERR_[A-Z_]+$/);
      expect(error.name).toBe(error.constructor.name);
      expect(error.message.length).toBeGreaterThan(5);
    }
  });

  it('have codes of their own', () => {
    const all = makeAll();
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
  });

  it('say the numbers', () => {
    const all = makeAll();
    expect(all[0]!.message).toContain('2 bytes, expected 5');
    expect(new api.IncompleteReadError(new Uint8Array(2), null).message).toContain('2 bytes, expected more');
    expect(all[7]!.message).toContain('7 bytes more do not fit: 90 of at most 95');
    expect(all[8]!.message).toContain('1500 ms');
    expect(all[9]!.message).toContain('2500 ms');
    expect(all[10]!.message).toContain('3500 ms');
    expect(all[11]!.message).toContain('12 bytes');
    expect(all[12]!.message).toContain('/run/left.sock');
    expect(all[13]!.message).toContain('100 are served and 20 wait');
    expect(all[14]!.message).toContain('4500 ms');
    expect(all[15]!.message).toBe('No tunnel to a.example:443: the proxy answered 403');
    expect(all[17]!.message).toBe('The WebSocket was closed with code 4001: go away');
    expect(all[18]!.message).toContain('17 bytes wait');
    expect(all[18]!.message).toContain('receiveLimit of 16');
    expect(all[20]!.message).toContain('6500 ms');
    expect(all[21]!.message).toContain('of 2001:db8:0:0::/64 30 are served or wait');
    expect(all[22]!.message).toBe('A connection from 192.0.2.7, port 5, was refused: no header');
    expect(all[23]!.message).toBe('The consumer workers of the stream FRAMES is lost: it was deleted');
    expect(all[24]!.message).toContain('message 17 of the stream FRAMES');
    expect(all[25]!.message).toBe('JetStream has not taken a message for frames.in at attempt 3: timeout');
    expect(new api.SlowConsumerError(70, 60).message).toContain('70 bytes wait for it, over the limit of 60');
    expect(all[3]!.message).toContain('read ECONNRESET');
    expect(all[3]!.cause).toEqual(new Error('read ECONNRESET'));
  });

  const from = { address: '192.0.2.7', family: 'IPv4', port: 5 };
  const inFull: [make: () => Error, message: string][] = [
    [() => new api.ConnectionLostError('cable cut'), 'The connection was lost'],
    [
      () => new api.ConnectionLostError(new Error('read ECONNRESET')),
      'The connection was lost: read ECONNRESET',
    ],
    [
      () => new api.WriteOverflowError(7, 90, 95),
      'The writer is paused, and 7 bytes more do not fit: 90 of at most 95 bytes wait already',
    ],
    [
      () => new api.SlowConsumerError(70, 60),
      'The peer does not keep up with the broadcast: 70 bytes wait for it, over the limit of 60',
    ],
    [
      () => new api.ReaderBusyError(),
      'The reader is held by a continuous read (chunks, frames, lines, consume, pipeTo): unsubscribe from it, or wait for its end, before another read',
    ],
    [() => new api.ConnectTimeoutError(1500), 'No connection within 1500 ms'],
    [() => new api.HandshakeTimeoutError(2500), 'The TLS handshake was not over within 2500 ms'],
    [() => new api.RequestTimeoutError(4500), 'No reply within 4500 ms'],
    [() => new api.StepTimeoutError(5500), 'The step was not over within 5500 ms'],
    [() => new api.IdleTimeoutError(3500), 'The connection was idle for 3500 ms'],
    [() => new api.UnreadPlaintextError(1), 'startTls() with 1 bytes unread that came in plain'],
    [
      () => new api.UnreadPlaintextError(0),
      'startTls() after a read (lines, frames, chunks, read(n)) that may have delivered more than the message that asked for it: read that with readLine, readUntil, readExactly or readFrame, or in consume',
    ],
    [
      () => new api.StaleSocketError('/run/left.sock', new Error('listen EADDRINUSE')),
      '/run/left.sock is the socket of a server that is no more: remove the file, or set replaceStale',
    ],
    [
      () => new api.TooManyConnectionsError(100, 20),
      'A connection was refused: 100 are served and 20 wait, the most that may',
    ],
    [
      () => new api.AddressLimitError(`a\n${'x'.repeat(100)}`, 30),
      `A connection was refused: of a\\n${'x'.repeat(62)}… 30 are served or wait, the most that may`,
    ],
    [
      () => new api.ProxyProtocolError('missing', from, 'no header'),
      'A connection from 192.0.2.7, port 5, was refused: no header',
    ],
    [
      () => new api.ProxyProtocolError('missing', undefined, 'no header'),
      'A connection was refused: no header',
    ],
    [() => new api.WebSocketCloseError(1006, ''), 'The WebSocket was closed with code 1006'],
    [
      () => new api.WebSocketCloseError(4001, 'go\naway'),
      'The WebSocket was closed with code 4001: go\\naway',
    ],
    [() => new api.WebSocketCloseError(4001, '', 'It could not be opened'), 'It could not be opened'],
    [
      () => new api.ReceiveLimitError(17, 16),
      '17 bytes wait to be read, and nothing here can slow the peer down: more than the receiveLimit of 16. Read faster, or use a transport with flow control',
    ],
    [() => new api.HeartbeatTimeoutError(6500), 'Nothing came from the peer for 6500 ms after a ping'],
    [() => connectionReset(), 'read ECONNRESET'],
    [() => connectionReset(' by the test'), 'read ECONNRESET by the test'],
  ];
  for (const [make, message] of inFull)
    it(`say in full: ${message}`, () => {
      expect(make().message).toBe(message);
    });

  it('have the cause that they are given', () => {
    const cause = new Error('below');
    const all = [
      new api.ConnectionLostError(cause),
      new api.ConnectionClosedError('aborted', { cause }),
      new api.HandshakeTimeoutError(1, cause),
      new api.StaleSocketError('/run/left.sock', cause),
      new api.ProxyError('a.example:443', 'closed', 'it was lost', { cause }),
      new api.ProxyProtocolError('ended', undefined, 'it was reset', { cause }),
      new api.WebSocketCloseError(1006, '', undefined, { cause }),
    ];
    for (const error of all) expect(error.cause).withContext(error.name).toBe(cause);
    const { status, reply } = new api.ProxyError('a.example:443', 'refused', 'no', { status: 407, reply: 5 });
    expect([status, reply]).toEqual([407, 5]);
    expect(connectionReset()).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
  });

  it('cover every error class that is exported', () => {
    const classes = Object.entries({ ...api, ...nats }).filter(
      ([name]) => name.endsWith('Error') && name !== 'StreamError',
    );
    expect(classes.map(([name]) => name).sort()).toEqual(
      makeAll()
        .map(({ name }) => name)
        .sort(),
    );
  });
});
