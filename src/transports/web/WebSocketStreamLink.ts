import { ABORTED } from './closeCodes.js';
import type { Message, MessageLink, MessageLinkReceiver } from './MessageLink.js';
import { ReadablePump } from './ReadablePump.js';
import { WritablePump } from './WritablePump.js';

/** What is needed of a `WebSocketStream` (https://websockets.spec.whatwg.org would-be part; Chromium 124 has it). */
export interface WebSocketStreamLike {
  readonly url: string;
  readonly opened: Promise<OpenedWebSocketStream>;
  /** Rejects with an error that has a `closeCode` and a `reason` where the connection broke. */
  readonly closed: Promise<{ closeCode?: number; reason?: string }>;
  close(info?: { closeCode?: number; reason?: string }): void;
}

export interface OpenedWebSocketStream {
  readonly readable: ReadableStream<string | ArrayBuffer | Uint8Array>;
  readonly writable: WritableStream<Message>;
  readonly protocol: string;
}

/**
 * A link on a `WebSocketStream` that is open. Its streams have backpressure both ways: one that is paused stops its peer.
 *
 * @internal
 */
export class WebSocketStreamLink implements MessageLink {
  readonly flowControl = 'stream';
  readonly #stream: WebSocketStreamLike;
  readonly #protocol: string;
  readonly #reading: ReadablePump<string | ArrayBuffer | Uint8Array>;
  readonly #writing: WritablePump<Message>;
  #receiver: MessageLinkReceiver | undefined;
  /** What to close with, once all that was sent has been handed on. */
  #closeWith: { closeCode: number; reason: string } | undefined;

  constructor(stream: WebSocketStreamLike, { readable, writable, protocol }: OpenedWebSocketStream) {
    this.#stream = stream;
    this.#protocol = protocol;
    this.#reading = new ReadablePump(readable.getReader(), {
      chunk: (chunk) =>
        this.#receiver?.message(
          typeof chunk === 'string' || chunk instanceof Uint8Array ? chunk : new Uint8Array(chunk),
        ),
      // All messages have been read: only now is it told that it has closed.
      ended: () => this.#tellClosed(),
      failed: () => this.#tellClosed(),
    });
    this.#writing = new WritablePump(writable.getWriter(), {
      flushed: () => {
        this.#closeIfSent();
        this.#receiver?.sent();
      },
      closed: () => undefined,
      // `closed` tells why.
      failed: () => this.#reading.resume(),
    });
  }

  get queuedBytes(): number {
    return this.#writing.queuedBytes;
  }

  start(receiver: MessageLinkReceiver): void {
    this.#receiver = receiver;
  }

  send(message: Message): void {
    if (this.#closeWith !== undefined) return;
    this.#writing.write(message, message.length);
  }

  pause(): void {
    this.#reading.pause();
  }

  resume(): void {
    this.#reading.resume();
  }

  close(code = 1000, reason = ''): void {
    this.#closeWith ??= { closeCode: code, reason };
    this.#closeIfSent();
  }

  abort(code: number, reason: string): void {
    this.#receiver = undefined;
    this.#closeWith = { closeCode: code, reason };
    this.#stream.closed.catch(ignore);
    try {
      this.#stream.close(this.#closeWith);
    } catch {
      // It is closing already, or there never was a code to close with.
    }
    this.#writing.abort();
    this.#reading.cancel();
  }

  getExtraInfo(name: string): unknown {
    if (name === 'socket') return this.#stream;
    if (name === 'url') return this.#stream.url;
    return name === 'protocol' ? this.#protocol : undefined;
  }

  #closeIfSent(): void {
    if (this.#closeWith === undefined || this.#writing.queuedBytes > 0) return;
    try {
      this.#stream.close(this.#closeWith);
    } catch (error) {
      const receiver = this.#receiver;
      this.abort(ABORTED, '');
      receiver?.closed({ error });
    }
  }

  #tellClosed(): void {
    this.#stream.closed.then(
      ({ closeCode, reason }) => this.#receiver?.closed({ code: closeCode, reason }),
      (error: unknown) => this.#receiver?.closed(closingOf(error)),
    );
  }
}

/** The close code and the reason of a `WebSocketError`; 1006, where the peer has given none. @internal */
export function closingOf(error: unknown): { code: number; reason: string } {
  const { closeCode = 1006, reason = '' } = error as { closeCode?: number; reason?: string };
  return { code: closeCode, reason };
}

function ignore(): void {
  // After an abort nobody asks how it ended.
}
