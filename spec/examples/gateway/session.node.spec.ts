import { NEVER, of, Subject, throwError, VirtualTimeScheduler, type Observable } from 'rxjs';
import { AllowList } from '../../../examples/gateway/AllowList.js';
import { ConnectionLimits } from '../../../examples/gateway/ConnectionLimits.js';
import { GatewayStops, session } from '../../../examples/gateway/session.js';
import { IdleTimeoutError, type Connection } from '../../../src/index.js';
import { manualConnection, type ManualConnection } from '../../../src/testing.js';

const ONE = { open: 1, perMinute: 2 };
const [TARGET] = new AllowList(['redis=127.0.0.1:6379']).targets;

describe('examples: a session of the gateway', () => {
  let client: ManualConnection;
  let server: ManualConnection;
  let closed: string[];
  let lines: string[];
  let stopped$: Subject<never>;
  let limits: ConnectionLimits;
  const socket = { bytesRead: 7, bytesWritten: 5 };

  beforeEach(() => {
    const scheduler = new VirtualTimeScheduler();
    client = manualConnection({
      scheduler,
      canWriteEof: false,
      extraInfo: { sockname: { address: '192.0.2.1', family: 'IPv4', port: 443 } },
    });
    server = manualConnection({ scheduler, extraInfo: { socket } });
    closed = [];
    lines = [];
    stopped$ = new Subject();
    limits = new ConnectionLimits({ address: ONE, origin: ONE, gateway: ONE }, scheduler);
  });

  function start(
    connect: () => Observable<Connection> = () => of(server),
    proxyProtocol: string[] = [],
  ): void {
    const source = { address: '192.0.2.7', family: 'IPv4', port: 51234 };
    session(
      { client, target: TARGET!, source, origin: 'https://a.example' },
      {
        limits,
        proxyProtocol: new Set(proxyProtocol),
        stopped$,
        connect,
        closeWebSocket(connection, code, reason) {
          closed.push(`${code} ${reason}`);
          connection.writer.close();
        },
      },
    ).subscribe({
      next: (line) => lines.push(line),
      error: (error: unknown) => lines.push(`error ${String(error)}`),
      complete: () => lines.push('|'),
    });
  }

  it('tells that it is open, and at its end how much went each way', () => {
    start();
    expect(lines).toEqual(['open']);
    client.transport.receive('hello');
    server.transport.receive('goodbye');
    server.transport.receiveEof();
    expect(client.transport.calls).toEqual(['write goodbye', 'close']);
    expect(server.transport.calls).toEqual(['write hello', 'writeEof']);
    expect(lines).toEqual(['open', 'closed after 5 bytes up, 7 bytes down', '|']);
    expect(closed).toEqual([]);
  });

  it('tells the target who its peer is, before any other byte, and does not count that', () => {
    socket.bytesWritten = 5 + 'PROXY TCP4 192.0.2.7 192.0.2.1 51234 443\r\n'.length;
    client.transport.receive('hello');
    start(undefined, ['redis']);
    server.transport.receiveEof();
    expect(server.transport.calls.slice(0, 2)).toEqual([
      'write PROXY TCP4 192.0.2.7 192.0.2.1 51234 443\r\n',
      'write hello',
    ]);
    expect(lines[1]).toBe('closed after 5 bytes up, 7 bytes down');
    socket.bytesWritten = 5;
  });

  it('closes with 4502 where there is no connection to the target, and tells the client no more', () => {
    start(() => throwError(() => new Error('connect ECONNREFUSED 127.0.0.1:6379')));
    expect(closed).toEqual(['4502 no connection to the target']);
    expect(lines).toEqual(['refused: no connection to the target: connect ECONNREFUSED 127.0.0.1:6379', '|']);
  });

  it('names the code where an error has no message, as when no address of a name answers', () => {
    start(() => throwError(() => Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' })));
    expect(lines[0]).toBe('refused: no connection to the target: ECONNREFUSED');
  });

  it('closes with 4410 when the target breaks off, after what had come of it', () => {
    start();
    server.transport.receive('why');
    server.transport.lose(new Error('read ECONNRESET'));
    expect(client.transport.calls).toEqual(['write why', 'close']);
    expect(closed).toEqual(['4410 the target has broken off']);
    expect(lines[1]).toBe(
      'closed after 5 bytes up, 7 bytes down: the target has broken off: read ECONNRESET',
    );
  });

  it('closes with 4408 when the target was lost because nothing came', () => {
    start();
    server.transport.lose(new IdleTimeoutError(60_000));
    expect(closed).toEqual(['4408 idle']);
    expect(lines[1]).toMatch(/: idle: The connection was idle for 60000 ms$/);
  });

  it('resets the target when the client breaks off', () => {
    start();
    client.transport.receive('hal');
    client.transport.lose(new Error('read ECONNRESET'));
    expect(server.transport.calls).toEqual(['write hal', 'abort']);
    expect(closed).toEqual([]);
    expect(lines[1]).toMatch(/: the client has broken off: read ECONNRESET$/);
  });

  it('ends the target after all that a client sent that closes', () => {
    start();
    client.transport.receive('bye');
    client.transport.receiveEof();
    client.transport.lose();
    expect(server.transport.calls).toEqual(['write bye', 'writeEof', 'close']);
    expect(lines.slice(1)).toEqual(['closed after 5 bytes up, 7 bytes down', '|']);
  });

  it('closes with 4503 when the gateway stops, also while it connects', () => {
    start();
    stopped$.error(new GatewayStops());
    expect(closed).toEqual(['4503 the gateway stops']);
    expect(server.transport.calls.at(-1)).toBe('close');
    expect(lines[1]).toMatch(/^closed after .*: the gateway stops$/);

    client = manualConnection();
    stopped$ = new Subject();
    start(() => NEVER);
    expect(closed.length).toBe(1);
    stopped$.error(new GatewayStops());
    expect(closed.length).toBe(2);
    expect(lines.slice(-2)).toEqual(['refused: the gateway stops', '|']);
  });

  it('closes with 4429 where there is no place, and gives its own back when the client is gone', () => {
    const [first, connect] = [client, jasmine.createSpy('connect').and.returnValue(NEVER)];
    start(connect);
    client = manualConnection();
    start(connect);
    expect(closed).toEqual(['4429 too many connections of this address']);
    expect(lines).toEqual(['refused: too many connections of this address', '|']);
    expect(connect).toHaveBeenCalledTimes(1);

    first.transport.lose();
    client = manualConnection();
    start(connect);
    expect(connect).toHaveBeenCalledTimes(2);
    client.transport.lose(new Error('gone'));
    client = manualConnection();
    start(connect);
    expect(closed.slice(1)).toEqual(['4429 too many new connections of this address']);
  });
});
