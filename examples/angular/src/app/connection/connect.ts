import { DOCUMENT, inject, InjectionToken } from '@angular/core';
import type { Connection, ConnectionOptions, ReconnectingOptions } from 'rxjs-net';
import { fromWebSocket } from 'rxjs-net/web';
import { defer, type Observable } from 'rxjs';

export interface ConnectOptions extends ConnectionOptions {
  /** Whether the page and the gateway grant each other credits: backpressure in every browser. Default: true. */
  credits?: boolean;
}

/** Makes a source of connections to a target: each subscription connects anew. */
export type Connect = (target: string, options?: ConnectOptions) => Observable<Connection>;

/**
 * Where connections come from: the gateway that `<meta name="gateway">` in index.html names. A test provides a function
 * that plays the server.
 */
export const CONNECT = new InjectionToken<Connect>('CONNECT', {
  providedIn: 'root',
  factory: () => {
    const document = inject(DOCUMENT);
    return (target, { credits = true, ...options } = {}) =>
      // Nothing is looked at before somebody subscribes, which on a server nobody does.
      defer(() => {
        const gateway = document.querySelector<HTMLMetaElement>('meta[name=gateway]')?.content;
        const url = new URL(gateway ?? 'ws://localhost:8080');
        url.searchParams.set('target', target);
        return fromWebSocket(url, { ...options, credits, connectTimeout: 5000 });
      });
  },
});

/** How long to wait before a connection is made again. A test provides waits that are not random. */
export const RECONNECT = new InjectionToken<ReconnectingOptions>('RECONNECT', {
  providedIn: 'root',
  factory: () => ({ maxDelay: 10_000 }),
});
