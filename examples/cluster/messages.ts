/** What the primary and its workers say to each other. */

/** What a worker is started with, as JSON in its one argument. */
export interface WorkerSettings {
  readonly host: string;
  /** Where the protocol of short connections is served. */
  readonly shortPort: number;
  /** Where the keep-alive protocol is. */
  readonly linesPort: number;
  /** In place of the ports: file descriptors, of the primary, of two sockets that listen already. */
  readonly fds?: readonly [short: number, lines: number];
  /** Let the system spread the connections, instead of the primary: Node.js 22.12 or later. */
  readonly reusePort?: boolean;
  /** The proxies in front, whose word on who the client is counts: `proxyProtocol` of the server. */
  readonly trusted?: readonly string[];
  /** Milliseconds that clients have to go when the worker is told to stop. */
  readonly grace: number;
}

/** From the primary: stop; or tell so many clients to reconnect, as this worker has more of them than the others. */
export type Order = { readonly type: 'stop' } | { readonly type: 'shed'; readonly count: number };

export type Report =
  | { readonly type: 'started'; readonly pid: number }
  /** It listens to orders. */
  | { readonly type: 'ready' }
  /** It accepts connections. */
  | { readonly type: 'listening'; readonly shortPort: number; readonly linesPort: number }
  /** Every second; the numbers of answers are those since it was started. */
  | {
      readonly type: 'stats';
      readonly connections: number;
      /** Those of the keep-alive protocol. */
      readonly kept: number;
      readonly answers: number;
      readonly rss: number;
    }
  /** Of the process: by itself, or by a signal. */
  | { readonly type: 'exit'; readonly code: number | null; readonly signal: string | null }
  /** A process could not be started, or had another trouble. */
  | { readonly type: 'error'; readonly error: Error };
