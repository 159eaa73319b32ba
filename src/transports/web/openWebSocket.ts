import { Observable, type SchedulerLike } from 'rxjs';
import { WebSocketCloseError } from '../../streams/errors.js';
import type { MessageLink } from './MessageLink.js';
import { WebSocketLink, type WebSocketLike } from './WebSocketLink.js';
import {
  closingOf,
  WebSocketStreamLink,
  type OpenedWebSocketStream,
  type WebSocketStreamLike,
} from './WebSocketStreamLink.js';

const CONNECTING = 0;
const OPEN = 1;

/** Makes a socket, and emits the link on it once it is open. Unsubscribing before gives the attempt up. @internal */
export function openWebSocket(make: () => WebSocketLike, scheduler: SchedulerLike): Observable<MessageLink> {
  return new Observable((subscriber) => {
    const socket = make();
    let cause: unknown;
    const onError = ({ error }: { error?: unknown }): void => (cause ??= error) as void;
    const onClose = ({ code, reason }: { code: number; reason: string }): void =>
      subscriber.error(notOpened(socket.url, code, reason, cause));
    const onOpen = (): void => {
      forget();
      subscriber.next(new WebSocketLink(socket, scheduler));
      subscriber.complete();
    };
    const forget = (): void => {
      socket.removeEventListener('open', onOpen);
      socket.removeEventListener('error', onError);
      socket.removeEventListener('close', onClose);
    };
    if (socket.readyState === OPEN) {
      onOpen();
      return;
    }
    if (socket.readyState !== CONNECTING) {
      subscriber.error(
        new TypeError('The WebSocket is closed, or closing: a function makes one for each subscription'),
      );
      return;
    }
    socket.addEventListener('open', onOpen);
    socket.addEventListener('error', onError);
    socket.addEventListener('close', onClose);
    subscriber.add(() => {
      forget();
      if (socket.readyState !== CONNECTING) return;
      // An attempt that fails while it is being cancelled is nobody's business any more.
      socket.addEventListener('error', () => undefined);
      socket.close();
    });
  });
}

/** The same on a `WebSocketStream`. @internal */
export function openWebSocketStream(
  make: (signal: AbortSignal) => WebSocketStreamLike,
  url: string,
): Observable<MessageLink> {
  return new Observable((subscriber) => {
    const attempt = new AbortController();
    const stream = make(attempt.signal);
    // Whoever uses the connection hears of it from the link.
    stream.closed.catch(() => undefined);
    let opened: OpenedWebSocketStream | undefined;
    stream.opened.then(
      (streams) => {
        opened = streams;
        if (subscriber.closed) {
          stream.close();
          return;
        }
        subscriber.next(new WebSocketStreamLink(stream, streams));
        subscriber.complete();
      },
      (cause: unknown) => {
        const { code, reason } = closingOf(cause);
        subscriber.error(notOpened(url, code, reason, cause));
      },
    );
    subscriber.add(() => {
      if (opened === undefined) attempt.abort();
    });
  });
}

function notOpened(url: string, code: number, reason: string, cause: unknown): WebSocketCloseError {
  const why = cause instanceof Error ? cause.message : 'a browser does not tell why';
  return new WebSocketCloseError(
    code,
    reason,
    `The WebSocket to ${url} could not be opened (${code}): ${why}`,
    {
      cause,
    },
  );
}
