import { from, type ObservableInput, type SchedulerLike } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkFunction, checkWhole } from '../bytes/check.js';
import { checkMethod, checkMilliseconds, checkTimeout } from '../streams/check.js';
import type { HandlerOptions } from './runHandler.js';

/** Options of {@link serve}. */
export interface ServeOptions extends HandlerOptions {
  /**
   * Told of every error a handler ends with, before its connection is closed, and of connections that are refused: there
   * is still time for a last reply. Also of what a teardown of the handler throws. What it throws itself is told as if it
   * were not there, and harms nobody. Default: a process warning (`process.on('warning')`), in browsers `reportError`.
   */
  onError?: (error: unknown, connection: Connection) => void;
  /**
   * Connections that are served at the same time, 1 or more, each until it is closed; further ones wait, unread.
   * Default: no bound.
   */
  concurrency?: number;
  /**
   * Connections that may wait, 0 or more; further ones are refused, with a `TooManyConnectionsError` for `onError`: closed
   * after what that writes, or else reset. One that goes while it waits is forgotten. Default: no bound.
   */
  maxPending?: number;
  /**
   * Connections that one address may have, served and waiting, 1 or more; further ones are refused at once, as with
   * `maxPending`, but with an `AddressLimitError`. So nobody keeps the others out. IPv6 is counted by its first 64 bits,
   * what one subscriber has; IPv4 inside IPv6 as IPv4. Behind a balancer all clients have one address, unless it tells who
   * they are. Default: no bound.
   */
  maxPerAddress?: number;
  /**
   * Whom `maxPerAddress` counts a connection for: an address, or any other name of a client; undefined: it is not limited.
   * Where it throws, the connection is refused with that. Default: the `address` of its `peername`; who has none, as on a
   * Unix socket, is not limited.
   */
  addressOf?: (connection: Connection) => string | undefined;
  /** Milliseconds, more than 0, from the start of a handler: as the option of a connection. Default: no limit. */
  idleTimeout?: number;
  /**
   * When it emits, serving ends: no more connections are accepted, those that wait are closed, and the handlers, which
   * hear of it by `stopping$`, have `grace` milliseconds to finish. Default: never.
   */
  stop?: ObservableInput<unknown>;
  /** Milliseconds, 0 or more; then handlers are unsubscribed and their connections aborted. Default: 30 s. */
  grace?: number;
  /** Where time comes from. Default: RxJS's `asyncScheduler`. */
  scheduler?: SchedulerLike;
}

/** @internal */
export function checkServeOptions(options: ServeOptions): void {
  const {
    onError,
    concurrency = Infinity,
    maxPending = Infinity,
    maxPerAddress = Infinity,
    addressOf,
    idleTimeout,
    stop,
    grace,
    scheduler,
  } = options;
  if (onError !== undefined) checkFunction('onError', onError);
  checkWhole('concurrency', concurrency, 1);
  checkWhole('maxPending', maxPending, 0);
  checkWhole('maxPerAddress', maxPerAddress, 1);
  if (addressOf !== undefined) checkFunction('addressOf', addressOf);
  if (idleTimeout !== undefined) checkTimeout('idleTimeout', idleTimeout);
  // Throws where it is no input of an Observable.
  if (stop !== undefined) void from(stop);
  if (grace !== undefined) checkMilliseconds('grace', grace);
  if (scheduler !== undefined) checkMethod('scheduler must have a method schedule', scheduler, 'schedule');
}
