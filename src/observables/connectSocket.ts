import { connect, type Socket } from 'node:net';
import { map, Observable } from 'rxjs';
import { checkConnectionOptions, Connection, type ConnectionOptions } from '../streams/Connection.js';
import { DuplexTransport } from '../transports/DuplexTransport.js';

/** Where to connect to: a host and a port, or a socket that is connected, or connecting, already. */
export type ConnectTarget =
  | {
      /** Default: `localhost`. */
      host?: string;
      /** 1 to 65535. */
      port: number;
      socket?: never;
    }
  | { socket: Socket; host?: never; port?: never };

export type ConnectOptions = ConnectTarget &
  ConnectionOptions & {
    /** Send small writes at once (TCP_NODELAY). Default: true. */
    noDelay?: boolean;
  };

/** Throws what is wrong with the options. @internal */
export function checkConnectOptions(options: ConnectOptions): void {
  checkConnectionOptions(options);
  const { port, socket } = options;
  if ((port === undefined) === (socket === undefined)) {
    throw new TypeError(
      `Either a port (and a host) or a socket says where to connect to, here ${port === undefined ? 'neither' : 'both'}`,
    );
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65535)) {
    throw new RangeError(`port must be an integer from 1 to 65535, not ${String(port)}`);
  }
}

/** Emits a connection that nobody owns yet, once it is there. Unsubscribing before cancels the attempt. @internal */
export function connectSocket(options: ConnectOptions): Observable<Connection> {
  const { host = 'localhost', port, noDelay = true } = options;
  return new Observable<Socket>((subscriber) => {
    const socket = options.socket ?? connect({ host, port: port!, allowHalfOpen: true });
    const onConnect = (): void => {
      socket.setNoDelay(noDelay);
      subscriber.next(socket);
      subscriber.complete();
    };
    const onError = (error: Error): void => subscriber.error(error);
    if (!socket.connecting) {
      if (socket.pending || socket.destroyed)
        onError(new TypeError('The socket is neither connected nor connecting'));
      else onConnect();
      return undefined;
    }
    socket.once('connect', onConnect).once('error', onError);
    return () => {
      socket.off('connect', onConnect).off('error', onError);
      if (!socket.connecting) return;
      // An attempt that fails while it is being cancelled is nobody's business any more.
      socket.on('error', () => undefined).destroy();
    };
  }).pipe(map((socket) => new Connection(new DuplexTransport(socket), options)));
}
