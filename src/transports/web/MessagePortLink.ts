import { copyBytes } from '../../bytes/text.js';
import { described, isBytes } from '../../bytes/check.js';
import { Queue } from '../../bytes/Queue.js';
import { FlowControlError } from '../../streams/errors.js';
import { ABORTED } from './closeCodes.js';
import type { LinkClosing, Message, MessageLink, MessageLinkReceiver } from './MessageLink.js';

/**
 * What is needed of a `MessagePort`; a `Worker`, the global of one, and a `BroadcastChannel` have it as well.
 * See {@link fromMessagePort}.
 */
export interface MessagePortLike {
  /** Sends a message; the memory in `transfer` goes to the other end. */
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  /** For `message`, `messageerror` and `close`. */
  // Platforms have types of events of their own.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  addEventListener(type: string, listener: (event: any) => void): void;
  /** Takes a listener back. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  removeEventListener(type: string, listener: (event: any) => void): void;
  /** Begins to deliver, where a port has to be told to. */
  start?(): void;
  /** Closes it, where that can be. */
  close?(): void;
}

/** The first message of each end: nothing is sent before that of the other one has come. */
const HELLO: readonly unknown[] = [];

/**
 * A link on a `MessagePort`. Strings and bytes are messages; an array is the link's own: an empty one says hello, one of a
 * code and a reason closes.
 *
 * | phase      | `[]` comes          | `send`  | `[code, reason]` comes       | `close`           | the port closes     |
 * | ---------- | ------------------- | ------- | ---------------------------- | ----------------- | ------------------- |
 * | `greeting` | answered, `open`    | waits   | answered, `closed`           | told, `closing`   | `closed`: broken    |
 * | `open`     | –                   | sent    | answered, `closed`           | told, `closing`   | `closed`: broken    |
 * | `closing`  | –                   | –       | `closed`                     | –                 | `closed`            |
 *
 * @internal
 */
export class MessagePortLink implements MessageLink {
  readonly flowControl = undefined;
  readonly #port: MessagePortLike;
  readonly #transfer: boolean;
  #phase: 'greeting' | 'open' | 'closing' | 'closed' = 'greeting';
  #receiver: MessageLinkReceiver | undefined;
  readonly #waiting = new Queue<Message>();
  #waitingBytes = 0;

  /** @param transfer hand the memory of what is written over, in place of a copy of it */
  constructor(port: MessagePortLike, transfer: boolean) {
    this.#port = port;
    this.#transfer = transfer;
  }

  get queuedBytes(): number {
    return this.#waitingBytes;
  }

  start(receiver: MessageLinkReceiver): void {
    this.#receiver = receiver;
    const port = this.#port;
    port.addEventListener('message', this.#onMessage);
    port.addEventListener('messageerror', this.#onMessageError);
    port.addEventListener('close', this.#onClose);
    port.start?.();
    this.#post(HELLO);
  }

  send(message: Message): void {
    if (this.#phase === 'open') {
      this.#postMessage(message);
    } else if (this.#phase === 'greeting') {
      this.#waiting.push(message);
      this.#waitingBytes += message.length;
    }
  }

  pause(): void {
    // A port cannot be stopped.
  }

  resume(): void {
    // See above.
  }

  close(code = 1000, reason = ''): void {
    if (this.#phase === 'closed' || this.#phase === 'closing') return;
    this.#phase = 'closing';
    this.#post([code, reason]);
  }

  abort(code: number, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#receiver = undefined;
    try {
      this.#port.postMessage([code, reason], []);
    } catch {
      // The port is of no use any more, which is what is being told.
    }
    this.#leave({});
  }

  getExtraInfo(name: string): unknown {
    return name === 'socket' ? this.#port : undefined;
  }

  readonly #onMessage = ({ data }: { data: unknown }): void => {
    if (typeof data === 'string' || isBytes(data)) {
      this.#receiver?.message(data);
    } else if (!Array.isArray(data)) {
      this.#break(
        new FlowControlError(`A connection takes strings and bytes from its port, not ${described(data)}`),
      );
    } else if (data.length === 0) {
      this.#onHello();
    } else {
      const [code, reason] = data as [number, string];
      if (this.#phase !== 'closing') this.#post([code, reason]);
      this.#leave({ code, reason });
    }
  };

  #onHello(): void {
    if (this.#phase !== 'greeting') return;
    this.#phase = 'open';
    // The first one may have been said when nobody listened yet.
    this.#post(HELLO);
    while (this.#waiting.length > 0) {
      const message = this.#waiting.shift()!;
      this.#waitingBytes -= message.length;
      this.#postMessage(message);
    }
    this.#receiver?.sent();
  }

  readonly #onMessageError = (): void => {
    this.#break(new Error('A message could not be taken from the port (messageerror)'));
  };

  readonly #onClose = (): void => {
    this.#leave(this.#phase === 'closing' ? {} : { error: new Error('The other end of the port is gone') });
  };

  #postMessage(message: Message): void {
    if (typeof message === 'string') {
      this.#post(message);
      return;
    }
    const isWhole = this.#transfer && message.byteLength === message.buffer.byteLength;
    // Of a view, and of what the writer goes on using, a copy is handed over.
    const bytes = isWhole ? message : copyBytes(message);
    this.#post(bytes, [bytes.buffer as ArrayBuffer]);
  }

  #post(message: unknown, transfer: ArrayBuffer[] = []): void {
    try {
      this.#port.postMessage(message, transfer);
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    const receiver = this.#receiver;
    this.abort(ABORTED, '');
    receiver?.closed({ error });
  }

  #leave(closing: LinkClosing): void {
    if (this.#phase === 'closed') return;
    this.#phase = 'closed';
    this.#waitingBytes = 0;
    const port = this.#port;
    const receiver = this.#receiver;
    this.#receiver = undefined;
    port.removeEventListener('message', this.#onMessage);
    port.removeEventListener('messageerror', this.#onMessageError);
    port.removeEventListener('close', this.#onClose);
    port.close?.();
    receiver?.closed(closing);
  }
}
