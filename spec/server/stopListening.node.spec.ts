import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { filter, fromEvent, startWith, Subject, takeUntil } from 'rxjs';
import { fromServer, type Server, type ServerOptions } from '../../src/node.js';
import { eventually } from '../contracts/eventually.js';
import { authority, server as certificate } from '../transports/node/certificates.js';

const host = '127.0.0.1';
const proxyProtocol = { trusted: [host] };

/** As a proxy sends it for the client with this port. */
function header(port: number): string {
  return `PROXY TCP4 192.0.2.7 192.0.2.1 ${port} 5000\r\n`;
}

describe('server.stopListening', () => {
  const finish = new Subject<void>();
  const clients: Socket[] = [];
  let server: Server;
  let log: string[];
  let changed: Subject<void>;

  afterEach(() => {
    finish.next();
    server.abortClients();
    for (const client of clients.splice(0)) client.destroy();
  });

  function tell(what: string): void {
    log.push(what);
    changed.next();
  }

  function told(what: string): Promise<unknown> {
    return eventually(
      what,
      changed.pipe(
        startWith(undefined),
        filter(() => log.includes(what)),
      ),
    );
  }

  async function listen(options: Partial<ServerOptions>): Promise<void> {
    log = [];
    changed = new Subject();
    server = await new Promise((resolve, reject) => {
      fromServer({ host, port: 0, ...options } as ServerOptions)
        .pipe(takeUntil(finish))
        .subscribe({ next: resolve, error: reject });
    });
    server.connections$.subscribe({
      next: ({ writer }) => tell(`client ${writer.getExtraInfo('peername')!.port === 7 ? 'late' : 'early'}`),
      complete: () => tell('no more clients'),
      error: () => tell('an error'),
    });
    server.handshakeErrors$.subscribe((error) => tell(`refused ${error.name}`));
  }

  async function open(): Promise<Socket> {
    const socket = connect(server.addresses[0]!.port, host).on('error', () => undefined);
    clients.push(socket);
    await eventually('a connection', fromEvent(socket, 'connect'));
    return socket;
  }

  /** One that the server has accepted, as it has accepted one that came after it; and waits for its header. */
  async function waiting(): Promise<Socket> {
    const socket = await open();
    const after = await open();
    after.write(header(1));
    await told('client early');
    log = [];
    return socket;
  }

  function stop(): void {
    server.stopListening().subscribe({ next: () => tell('stopped'), complete: () => tell('complete') });
  }

  it('where nothing is under way it closes the server at once', async () => {
    await listen({});
    stop();
    expect(log).toEqual(['no more clients', 'stopped', 'complete']);
    expect(server.isServing).toBeFalse();
    stop();
    expect(log.slice(3)).toEqual(['stopped', 'complete']);
  });

  it('nothing happens before it is subscribed to', async () => {
    await listen({});
    void server.stopListening();
    expect(server.isServing).toBeTrue();
  });

  it('a client whose PROXY header is under way is still handed out, before the end', async () => {
    await listen({ proxyProtocol });
    const client = await waiting();
    stop();
    expect(server.isServing).toBeFalse();
    expect(log).toEqual([]);
    client.write(header(7));
    await told('complete');
    expect(log).toEqual(['client late', 'no more clients', 'stopped', 'complete']);
  });

  it('it ends with the last that is under way, also when that is refused, or goes', async () => {
    await listen({ proxyProtocol });
    const gone = await open();
    const client = await waiting();
    stop();
    client.write('GET / HTTP/1.1\r\n\r\n');
    await told('refused ProxyProtocolError');
    expect(log).not.toContain('stopped');
    gone.resetAndDestroy();
    await told('complete');
    expect(log.slice(-3)).toEqual(['no more clients', 'stopped', 'complete']);
  });

  it('a client whose TLS handshake is under way is still handed out', async () => {
    await listen({ tls: { ...certificate } });
    const raw = await open();
    // Its handshake is over, and the server has accepted both.
    const after = connectTls({
      port: server.addresses[0]!.port,
      host,
      ca: authority,
      servername: 'localhost',
    });
    clients.push(after.on('error', () => undefined));
    await told('client early');
    log = [];
    stop();
    expect(log).toEqual([]);
    const secured = connectTls({ socket: raw, ca: authority, servername: 'localhost' }).on(
      'error',
      () => undefined,
    );
    clients.push(secured);
    await told('complete');
    expect(log).toEqual(['client early', 'no more clients', 'stopped', 'complete']);
  });

  it('close ends it at once, and those that are under way are cut off', async () => {
    await listen({ proxyProtocol });
    const client = await waiting();
    const closed = eventually('the end of the client', fromEvent(client, 'close'));
    stop();
    server.close();
    expect(log).toEqual(['no more clients', 'stopped', 'complete']);
    await closed;
  });
});
