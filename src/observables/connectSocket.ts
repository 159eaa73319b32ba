import { connect, Socket } from 'node:net';
import { asyncScheduler, concatMap, map, Observable, of, type SchedulerLike } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { ConnectTimeoutError } from '../streams/errors.js';
import { attemptCallback } from '../streams/attemptCallback.js';
import { clientDiagnostics } from '../transports/node/diagnostics.js';
import { DuplexTransport } from '../transports/node/DuplexTransport.js';
import { clientHandshake } from '../transports/node/tlsHandshake.js';
import { checkTlsTimeouts } from '../transports/node/tlsOptions.js';
import { abortWith, firstUnlessAborted } from './abortSignal.js';
import { writeProxyHeader } from './writeProxyHeader.js';
import { withoutUndefined } from './checkConnectOptions.js';
import { connectionOn } from './connectionOn.js';
import type { ConnectOptions, TcpTarget } from './ConnectOptions.js';
import { warnIfLeaked } from './warnIfLeaked.js';

/** Emits a connection that nobody owns yet, once it is there. Unsubscribing before cancels the attempt. @internal */
export function connectSocket(options: ConnectOptions): Observable<Connection> {
  const { tls = false, scheduler = asyncScheduler, path, proxyProtocol } = options;
  const host = options.port === undefined ? undefined : (options.host ?? 'localhost');
  return connectPlain(options, scheduler).pipe(
    concatMap((raw) => {
      if (proxyProtocol !== undefined) writeProxyHeader(raw, proxyProtocol, path);
      const common = { host, peername: path, sockname: path === undefined ? undefined : '', scheduler };
      if (tls === false) return of(new DuplexTransport(raw, common));
      const tlsOptions = tls === true ? {} : tls;
      const { shutdownTimeout } = checkTlsTimeouts(tlsOptions);
      return clientHandshake(raw, { host, ...tlsOptions }, scheduler).pipe(
        map((secured) => new DuplexTransport(secured, { ...common, raw, shutdownTimeout })),
      );
    }),
    firstUnlessAborted(options.signal),
    map((transport) => {
      const connection = connectionOn(transport, options);
      clientDiagnostics.opened(connection.core);
      abortWith(connection.core, options.signal);
      warnIfLeaked(connection);
      return connection;
    }),
  );
}

function connectPlain(options: ConnectOptions, scheduler: SchedulerLike): Observable<Socket> {
  const { noDelay = true, keepAlive = false, keepAliveInitialDelay = 0, connectTimeout } = options;
  return new Observable((subscriber) => {
    const onError = (error: unknown): void => subscriber.error(error);
    const socket = openSocket(options, onError);
    const onConnect = (): void => {
      socket.setNoDelay(noDelay);
      if (keepAlive) socket.setKeepAlive(true, keepAliveInitialDelay);
      subscriber.next(socket);
      subscriber.complete();
    };
    if (!socket.connecting) {
      if (socket.pending || socket.destroyed)
        onError(new TypeError('The socket is neither connected nor connecting'));
      else onConnect();
      return;
    }
    socket.once('connect', onConnect).once('error', onError);
    subscriber.add(() => {
      socket.off('connect', onConnect).off('error', onError);
      if (!socket.connecting) return;
      // An attempt that fails while it is being cancelled is nobody's business any more.
      socket.on('error', () => undefined).destroy();
    });
    if (connectTimeout === undefined) return;
    const expire = (): void => onError(new ConnectTimeoutError(connectTimeout));
    subscriber.add(scheduler.schedule(expire, connectTimeout));
  });
}

function openSocket(options: ConnectOptions, failed: (error: unknown) => void): Socket {
  if (options.socket !== undefined) return options.socket;
  const allowHalfOpen = true;
  if (options.fd !== undefined)
    return new Socket({ fd: options.fd, readable: true, writable: true, allowHalfOpen });
  if (options.path !== undefined) return connect({ path: options.path, allowHalfOpen });
  const { host = 'localhost', port, family, localAddress, localPort } = options;
  const lookup = options.lookup && guarded(options.lookup, failed);
  const { autoSelectFamily, autoSelectFamilyAttemptTimeout } = options;
  const given = { family, localAddress, localPort, lookup, autoSelectFamily, autoSelectFamilyAttemptTimeout };
  return connect({ host, port, allowHalfOpen, ...withoutUndefined(given) });
}

type Lookup = NonNullable<TcpTarget['lookup']>;

// Node calls it, and is called back, where nobody would catch what either throws; a second answer makes it throw as well.
function guarded(lookup: Lookup, failed: (error: unknown) => void): Lookup {
  return (name, options, answer) => {
    let answered = false;
    const once: typeof answer = (...addresses) => {
      if (answered) return;
      answered = true;
      attemptCallback(() => answer(...addresses), failed);
    };
    attemptCallback(() => lookup(name, options, once), failed);
  };
}
