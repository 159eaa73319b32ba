import diagnostics from 'node:diagnostics_channel';
import {
  connect,
  createServer,
  type AddressInfo,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net';
import { fromEvent, mergeMap, of, race, throwError } from 'rxjs';
import { joined } from '../contracts/bytes.js';
import { eventually } from '../contracts/eventually.js';

const host = '127.0.0.1';

export interface PlainPeers {
  /** Serves on a free port of 127.0.0.1, and returns the port. */
  listen(onSocket?: (socket: Socket) => void): Promise<number>;
  /** Serves on a Unix socket. */
  listenOnPath(path: string, onSocket?: (socket: Socket) => void): Promise<void>;
  /** A port of 127.0.0.1 that was free a moment ago: a connect to it is refused. */
  unusedPort(): Promise<number>;
  /** Connects to that port of 127.0.0.1. */
  connect(port: number): Promise<Socket>;
  connectToPath(path: string): Promise<Socket>;
  /** Connects to a server of this process, and waits until that has accepted the connection as well. */
  connectAccepted(port: number): Promise<Socket>;
  /** Both ends of a new TCP connection: who connected, and who accepted. */
  pair(): Promise<[Socket, Socket]>;
  /** The same on a Unix socket. */
  unixPair(path: string): Promise<[Socket, Socket]>;
}

/**
 * Plain `node:net`, as the other side of what is under test. Call it in a `describe`: after each spec all its servers
 * are closed and its connections reset, which ends those under test as well.
 */
export function plainPeers(): PlainPeers {
  const servers = new Set<Server>();
  const sockets = new Set<Socket>();

  function keep(socket: Socket): Socket {
    sockets.add(socket);
    // What happens to this side is no news: it is reset by the specs, and after each of them.
    return socket.on('error', () => undefined);
  }

  async function start(onSocket: (socket: Socket) => void): Promise<number> {
    return portOf(await startServer(onSocket));
  }

  async function startServer(
    onSocket: (socket: Socket) => void,
    target: ListenOptions = { port: 0, host },
  ): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }, (socket) => onSocket(keep(socket)));
    servers.add(server);
    server.listen(target);
    await eventually('the plain server to listen', fromEvent(server, 'listening'));
    return server;
  }

  async function stop(server: Server): Promise<void> {
    if (!server.listening) return;
    const closed = eventually('the plain server to close', fromEvent(server, 'close'));
    server.close();
    await closed;
  }

  async function connectTo(target: { port: number; host: string } | { path: string }): Promise<Socket> {
    const socket = keep(connect({ ...target, allowHalfOpen: true }));
    const failed = fromEvent(socket, 'error').pipe(mergeMap((error) => throwError(() => error)));
    await eventually('the plain client to connect', race(fromEvent(socket, 'connect'), failed));
    return socket;
  }

  async function bothEnds(target: ListenOptions): Promise<[Socket, Socket]> {
    let accept!: (socket: Socket) => void;
    const accepted = new Promise<Socket>((resolve) => (accept = resolve));
    const server = await startServer(accept, target);
    const { path } = target;
    const client = await connectTo(path === undefined ? { port: portOf(server), host } : { path });
    return [client, await eventually('the plain server to accept', accepted)];
  }

  afterEach(async () => {
    for (const socket of sockets) if (!socket.destroyed) reset(socket);
    sockets.clear();
    for (const server of servers) await stop(server);
    servers.clear();
  });

  return {
    listen: (onSocket = () => undefined) => start(onSocket),
    async listenOnPath(path, onSocket = () => undefined) {
      await startServer(onSocket, { path });
    },
    connect: (port) => connectTo({ port, host }),
    connectToPath: (path) => connectTo({ path }),
    async connectAccepted(port) {
      let onAccept = (): void => undefined;
      const accepted = new Promise<void>((resolve) => (onAccept = resolve));
      // Node publishes here when its server has told of the connection.
      diagnostics.subscribe('net.server.socket', onAccept);
      const socket = await connectTo({ port, host });
      await eventually('the accept', accepted);
      diagnostics.unsubscribe('net.server.socket', onAccept);
      return socket;
    },
    async unusedPort() {
      const server = await startServer(() => undefined);
      const port = portOf(server);
      await stop(server);
      return port;
    },
    pair: () => bothEnds({ port: 0, host }),
    unixPair: (path) => bothEnds({ path }),
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Breaks the connection at once: the other side gets ECONNRESET. */
export function reset(socket: Socket): void {
  // In the middle of sending its FIN a socket cannot be reset: Node would leave it open for ever. A Unix socket never.
  if (socket.writableEnded || socket.remotePort === undefined) socket.destroy();
  else socket.resetAndDestroy();
}

/** All that comes on a socket up to its end; the other direction stays open. */
export function everythingFrom(socket: Socket): Promise<Uint8Array> {
  return recording(socket)();
}

/** The same, but waits for the end only when it is asked. */
export function recording(socket: Socket): () => Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  socket.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  // Without data to read first, the end may have come already.
  const end = socket.readableEnded ? of(undefined) : new Promise((resolve) => socket.once('end', resolve));
  return async () => {
    await eventually('the end of the stream at the plain peer', end);
    return joined(chunks);
  };
}
