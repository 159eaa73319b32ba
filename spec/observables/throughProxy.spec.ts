import { defer, EMPTY, Observable, of, VirtualTimeScheduler } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import {
  Connection,
  converse,
  ProxyError,
  throughHttpProxy,
  throughSocks5,
  useConnection,
  type StartTlsOptions,
} from '../../src/index.js';
import { manualConnection, ManualTransport, marbleConnection } from '../../src/testing.js';
import { record } from '../streams/record.js';
import { raw } from './tunnels.js';

const target = { host: 'a.example', port: 443 };
const ANSWER = 'HTTP/1.1 200 OK\r\n\r\n';

/** A transport whose handshake is over when it is told so. */
class SecurableTransport extends ManualTransport {
  readonly asked: StartTlsOptions[] = [];
  constructor(readonly handshake$: Observable<void> = of(undefined)) {
    super();
  }

  startTls(options: StartTlsOptions): Observable<void> {
    return defer(() => {
      this.asked.push(options);
      return this.handshake$;
    });
  }
}

describe('throughProxy', () => {
  it(
    'emits when the answer has come, and hands the connection on to its handler',
    marbles((m) => {
      const connection = marbleConnection(m, {
        incoming: '--a--b--c-|',
        values: { a: 'HTTP/1.1 200', b: ' OK\r\n\r\none\n', c: 'two\n' },
      });
      const lines$ = of(connection).pipe(
        throughHttpProxy(target),
        useConnection(({ reader }) => reader.lines()),
      );
      m.expect(lines$).toBeObservable('-----a--b-|', { a: 'one', b: 'two' });
    }),
  );

  it(
    'gives the proxy its time, by the clock of the connection',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '--a--b----', values: { a: 'HTTP', b: '/1.1' } });
      const tunnel$ = of(connection).pipe(throughHttpProxy({ ...target, handshakeTimeout: 7 }));
      const message = 'the proxy has not built it within 7 ms';
      m.expect(tunnel$).toBeObservable(
        '-------#',
        undefined,
        new ProxyError('a.example:443', 'timeout', message),
      );
      m.expect(connection.events$).toBeObservable('-------c', { c: 'close' });
    }),
  );

  it('gives it a minute where nothing else is said, and keeps no timer after that', () => {
    for (const answer of ['', ANSWER]) {
      const scheduler = new VirtualTimeScheduler();
      const connection = manualConnection({ scheduler });
      const { log } = record(of(connection).pipe(throughHttpProxy(target)));
      if (answer !== '') connection.transport.receive(answer);
      connection.transport.drain();
      scheduler.flush();
      expect(log.length).toBe(answer === '' ? 1 : 2);
      if (answer === '') expect(log).toEqual(['# ERR_PROXY']);
    }
  });

  it(
    'unsubscribed in the middle closes the connection at once, and says nothing more',
    marbles((m) => {
      const connection = marbleConnection(m, { incoming: '--a--b', values: { a: raw(5), b: raw(0) } });
      const tunnel$ = of(connection).pipe(throughSocks5(target));
      m.expect(tunnel$, '---!').toBeObservable('----');
      m.expect(connection.events$).toBeObservable('---c', { c: 'close' });
      m.expect(connection.outgoing$).toBeObservable('h--|', { h: '<05 01 00>' });
    }),
  );

  it('unsubscribed behind any byte of the answer leaves nothing behind, neither a timer nor an open connection', () => {
    for (let length = 0; length < ANSWER.length; length++) {
      const scheduler = new VirtualTimeScheduler();
      const connection = manualConnection({ scheduler });
      let emitted = false;
      const subscription = of(connection)
        .pipe(throughHttpProxy(target))
        .subscribe(() => (emitted = true));
      connection.transport.receive(...Array.from(ANSWER.slice(0, length)));
      subscription.unsubscribe();
      connection.transport.receive(ANSWER.slice(length));
      expect(emitted).withContext(`after ${length} bytes`).toBeFalse();
      expect(connection.transport.calls).withContext(`after ${length} bytes`).toContain('close');
      scheduler.flush();
      expect(scheduler.frame).withContext(`after ${length} bytes`).toBe(0);
    }
  });

  it('leaves the connection open once it has emitted, for its owner', () => {
    const open = manualConnection();
    const subscription = of(open).pipe(throughHttpProxy(target)).subscribe();
    open.transport.receive(ANSWER);
    subscription.unsubscribe();
    expect(open.transport.calls).not.toContain('close');
  });

  it('asks anew for each connection', () => {
    const connections = [manualConnection(), manualConnection()];
    const emitted: Connection[] = [];
    of(...connections)
      .pipe(throughHttpProxy(target))
      .subscribe((connection) => emitted.push(connection));
    connections[1]!.transport.receive(ANSWER);
    connections[0]!.transport.receive(ANSWER);
    expect(emitted).toEqual([connections[1]!, connections[0]!]);
  });

  it('leads through one proxy to another', () => {
    const connection = manualConnection();
    const { log } = record(
      of(connection).pipe(
        throughSocks5({ host: 'proxy.example', port: 3128 }),
        throughHttpProxy(target),
        useConnection(
          converse(function* (io) {
            return yield* io.line();
          }),
        ),
      ),
    );
    connection.transport.receive(raw(5, 0));
    connection.transport.receive(raw(5, 0, 0, 1, 0, 0, 0, 0, 0, 0, `${ANSWER}hello\n`));
    expect(log).toEqual(['hello', '|']);
  });

  it('passes on what is not the doing of the proxy', () => {
    const busy = manualConnection();
    busy.reader.lines().subscribe();
    expect(record(of(busy).pipe(throughSocks5(target))).log).toEqual(['# ERR_READER_BUSY']);
    const aborted = manualConnection();
    const { log } = record(of(aborted).pipe(throughSocks5(target)));
    aborted.writer.abort(new Error('enough'));
    expect(log).toEqual(['# ERR_CONNECTION_CLOSED']);
    expect(record(EMPTY.pipe(throughSocks5(target))).log).toEqual(['|']);
  });

  describe('with TLS', () => {
    const cases: [string, object | true, object][] = [
      ['a.example', true, { host: 'a.example', servername: 'a.example' }],
      ['a.example', { servername: undefined }, { host: 'a.example', servername: 'a.example' }],
      ['a.example', { servername: 'b', ca: 'c' }, { host: 'a.example', servername: 'b', ca: 'c' }],
      ['10.0.0.1', true, { host: '10.0.0.1' }],
      ['::1', { ca: 'c', host: 'proxy' }, { host: '::1', ca: 'c' }],
    ];
    for (const [host, tls, asked] of cases) {
      it(`has ${host} prove who it is, for ${JSON.stringify(tls)}`, () => {
        const transport = new SecurableTransport();
        const { log } = record(
          of(new Connection(transport)).pipe(throughHttpProxy({ host, port: 443, tls })),
        );
        expect(transport.asked).toEqual([]);
        transport.receive(ANSWER);
        expect(transport.asked).toEqual([asked]);
        expect(log[1]).toBe('|');
      });
    }

    it('does not go on with what came in plain after the answer', () => {
      const transport = new SecurableTransport();
      const { log } = record(of(new Connection(transport)).pipe(throughHttpProxy({ ...target, tls: true })));
      transport.receive(`${ANSWER}injected`);
      expect(log).toEqual(['# ERR_UNREAD_PLAINTEXT']);
      expect(transport.calls).toContain('close');
    });

    it('fails as startTls does, and where the transport has none', () => {
      const refused = new Observable<void>((subscriber) => subscriber.error(new Error('no')));
      const failing = new SecurableTransport(refused);
      const { log } = record(of(new Connection(failing)).pipe(throughHttpProxy({ ...target, tls: true })));
      failing.receive(ANSWER);
      expect(log).toEqual(['# no']);
      const without = manualConnection();
      const other = record(of(without).pipe(throughHttpProxy({ ...target, tls: true })));
      without.transport.receive(ANSWER);
      expect(other.log).toEqual(['# This transport cannot start TLS']);
    });

    it('unsubscribed during it stops it', () => {
      let stopped = false;
      const transport = new SecurableTransport(new Observable(() => () => (stopped = true)));
      const subscription = of(new Connection(transport))
        .pipe(throughHttpProxy({ ...target, tls: true }))
        .subscribe();
      transport.receive(ANSWER);
      expect(stopped).toBeFalse();
      subscription.unsubscribe();
      expect(stopped).toBeTrue();
    });
  });

  const wrong: Record<string, object> = {
    'no host': { host: undefined },
    'an empty host': { host: '' },
    'a host of 256 letters': { host: 'a'.repeat(256) },
    'a line break in the host': { host: 'a.example\r\nX: y' },
    'a line break at the end of the host': { host: 'a.example\n' },
    'a port in the host': { host: 'a.example:80' },
    'a path in the host': { host: 'a.example/x' },
    'a user in the host': { host: 'me@a.example' },
    'a space in the host': { host: 'a b' },
    'a host in brackets': { host: '[::1]' },
    'a host with a zone': { host: 'fe80::1%eth0' },
    'a host that is not ASCII': { host: 'bücher.example' },
    'port 0': { port: 0 },
    'port 65536': { port: 65536 },
    'a port that is text': { port: '443' },
    'no port': { port: undefined },
    'no TLS': { tls: null },
    'TLS that is text': { tls: 'yes' },
    'no time at all': { handshakeTimeout: 0 },
    'a time that is none': { handshakeTimeout: NaN },
  };
  for (const [name, options] of Object.entries(wrong)) {
    it(`throws at the call: ${name}`, () => {
      for (const through of [throughSocks5, throughHttpProxy])
        expect(() => through({ ...target, ...options })).toThrowError(/must be/);
    });
  }
});
