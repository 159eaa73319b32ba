import type { Duplex } from 'node:stream';

/** Who is told of the events of a duplex. @internal */
export interface DuplexListener {
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  onError(error: Error): void;
  onFinish(): void;
  onClose(): void;
}

const LISTENER = Symbol('rxjs-net: listener');

interface Heard extends Duplex {
  [LISTENER]?: DuplexListener;
}

/**
 * The functions that a duplex is given, the same for all: functions of its own would cost each connection as much as the
 * rest of its transport.
 *
 * @internal
 */
export const duplexEvents = { data: onData, end: onEnd, error: onError, finish: onFinish, close: onClose };

function onData(this: Heard, chunk: Uint8Array): void {
  this[LISTENER]!.onData(chunk);
}

function onEnd(this: Heard): void {
  this[LISTENER]!.onEnd();
}

function onError(this: Heard, error: Error): void {
  this[LISTENER]!.onError(error);
}

function onFinish(this: Heard): void {
  this[LISTENER]!.onFinish();
}

function onClose(this: Heard): void {
  this[LISTENER]!.onClose();
}

/** Says who is told, for the life of the duplex; not by what is printed of it. @internal */
export function setListener(duplex: Duplex, listener: DuplexListener): void {
  Object.defineProperty(duplex, LISTENER, { value: listener });
}

/** @internal */
export function hasListener(duplex: Duplex): boolean {
  return (duplex as Heard)[LISTENER] !== undefined;
}
