import { from, type ObservableInput, type SchedulerLike } from 'rxjs';
import type { Connection } from '../streams/Connection.js';
import { checkFunction, checkWhole } from '../bytes/check.js';
import { checkMethod, checkMilliseconds, checkTimeout } from '../streams/check.js';
import type { HandlerOptions } from './runHandler.js';

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
  /** Milliseconds, more than 0, from the start of a handler: as the option of a connection. Default: no limit. */
  idleTimeout?: number;
  /**
   * When it emits, serving ends: no more connections are accepted, those that wait are closed, and the handlers have
   * `grace` milliseconds to finish. Default: never.
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
    idleTimeout,
    stop,
    grace,
    scheduler,
  } = options;
  if (onError !== undefined) checkFunction('onError', onError);
  checkWhole('concurrency', concurrency, 1);
  checkWhole('maxPending', maxPending, 0);
  if (idleTimeout !== undefined) checkTimeout('idleTimeout', idleTimeout);
  // Throws where it is no input of an Observable.
  if (stop !== undefined) void from(stop);
  if (grace !== undefined) checkMilliseconds('grace', grace);
  if (scheduler !== undefined) checkMethod('scheduler must have a method schedule', scheduler, 'schedule');
}
