import { checkFunction, described } from '../../bytes/check.js';
import { checkMethod } from '../../streams/check.js';
import type { UnsharedBytes } from './UnsharedBytes.js';

/**
 * Where bytes come from, and where they go: a bidirectional stream of WebTransport, an open port of Web Serial, what
 * `TCPSocket.opened` gives, a socket of Deno or of Cloudflare, the body of a `Response`. One of the two may be missing.
 *
 * See {@link fromWebStreams}.
 */
export interface WebStreams {
  /**
   * Chunks of any `BufferSource`. It is read from as long as it ends well; where it breaks, this property is looked at
   * again: if there is another stream by then, as Web Serial makes one after a break or a framing error, that is gone on
   * with. `null` and nothing at all: there is nothing to be received.
   */
  readonly readable?: ReadableBytes | null | undefined;
  /** It is given a `Uint8Array` of 64 KiB at most at a time. `null` and nothing at all: nothing can be written. */
  readonly writable?: WritableBytes | null | undefined;
  /**
   * Ends the sending direction alone, where closing the writable would end both: as in Deno, whose sockets have this. Default:
   * the writable is closed.
   */
  closeWrite?(): unknown;
  /** Where it rejects, the connection is lost, with that as the cause: a session that broke may not break its streams. */
  readonly closed?: PromiseLike<unknown> | undefined;
  /**
   * Called once, when the connection is gone and neither stream is locked any more: closes what they belong to. An error
   * of it is dropped: platforms refuse to close what is closed already.
   */
  close?(): unknown;
}

/** A `ReadableStream` of bytes. It is named by what is needed of it: the types of browsers, Node and Deno are not the same. */
export interface ReadableBytes {
  readonly locked: boolean;
  getReader(): {
    read(): Promise<{ done: boolean; value?: ArrayBufferView | ArrayBufferLike | undefined }>;
    cancel(reason?: unknown): Promise<unknown>;
    releaseLock(): void;
  };
  cancel(reason?: unknown): Promise<unknown>;
}

/** A `WritableStream` of bytes. */
export interface WritableBytes {
  readonly locked: boolean;
  getWriter(): {
    readonly closed: Promise<unknown>;
    readonly desiredSize: number | null;
    write(chunk: UnsharedBytes): Promise<unknown>;
    close(): Promise<unknown>;
    abort(reason?: unknown): Promise<unknown>;
    releaseLock(): void;
  };
  abort(reason?: unknown): Promise<unknown>;
}

/** @internal */
export function checkWebStreams(streams: WebStreams): void {
  if (typeof (streams as unknown) !== 'object' || (streams as unknown) === null) {
    throw new TypeError(
      `A connection needs { readable, writable }, or a function that returns that, not ${described(streams)}`,
    );
  }
  const { readable = null, writable = null, closed } = streams;
  if (readable === null && writable === null) {
    throw new TypeError(
      `A connection needs a readable or a writable, and ${described(streams)} has neither: is it open?`,
    );
  }
  if (readable !== null) checkStream('readable must be a ReadableStream', readable, 'getReader');
  if (writable !== null) checkStream('writable must be a WritableStream', writable, 'getWriter');
  if (closed !== undefined) checkMethod('closed must be a promise', closed, 'then');
  const { closeWrite, close } = streams as { closeWrite?: unknown; close?: unknown };
  if (closeWrite !== undefined) checkFunction('closeWrite', closeWrite);
  if (close !== undefined) checkFunction('close', close);
}

function checkStream(mustBe: string, stream: { readonly locked: boolean }, method: string): void {
  // Not by its class: it may come from another realm, or from a polyfill.
  checkMethod(mustBe, stream, method);
  if (stream.locked)
    throw new TypeError(`${mustBe} that is not locked: somebody else has its reader or writer`);
}

/** Lets go of streams that nobody wants, whatever is wrong with them; but not of those that somebody else has. @internal */
export function releaseWebStreams(streams: WebStreams, reason: unknown): void {
  if (areLocked(streams)) return;
  settle(() => streams.closed);
  settle(() => streams.readable?.cancel(reason));
  settle(() => streams.writable?.abort(reason));
  closeWebStreams(streams);
}

function areLocked(streams: WebStreams): boolean {
  try {
    return (streams.readable?.locked ?? false) || (streams.writable?.locked ?? false);
  } catch {
    // Then they are no streams at all.
    return false;
  }
}

/** Closes what they belong to. @internal */
export function closeWebStreams(streams: WebStreams): void {
  settle(() => streams.close?.());
}

function settle(call: () => unknown): void {
  try {
    Promise.resolve(call()).catch(ignore);
  } catch {
    // As where its promise rejects: it has been given up.
  }
}

function ignore(): void {}
