import { Queue } from '../../bytes/Queue.js';
import { messageChunks } from '../../bytes/messageHeader.js';
import type { Data } from '../../bytes/Separator.js';
import { encodeText } from '../../bytes/text.js';
import {
  connectionReset,
  FlowControlError,
  HeartbeatTimeoutError,
  ReceiveLimitError,
  WebSocketCloseError,
} from '../../streams/errors.js';
import { Reentrant } from '../../streams/Reentrant.js';
import type { Transport, TransportReceiver } from '../../streams/Transport.js';
import { GuardedReceiver } from '../GuardedReceiver.js';
import { ABORTED, MAX_REASON, mayCloseWith, reasonLength } from './closeCodes.js';
import { withoutCredits } from './creditProtocol.js';
import { Credits } from './Credits.js';
import { Heartbeat } from './Heartbeat.js';
import type { LinkClosing, Message, MessageLink } from './MessageLink.js';
import type { MessageSettings } from './MessageSettings.js';

/** Bytes of one message in bytes mode: no server refuses it, and no other message waits long for it. */
const PIECE = 65536;
/** What a message that waits needs besides its bytes, about. */
const OVERHEAD = 64;
/** Close codes that are an end: normal, going away, none given (RFC 6455, 7.4.1). */
const CLEAN = [1000, 1001, 1005];
/** While so many bytes wait, the peer hears enough of this end without an answer to its ping. */
const NO_PONG = 65536;

/**
 * A connection on a link of messages: a stream of bytes, or, in message mode, one message for each write.
 *
 * | phase     | a message comes         | write, writeEof | resume                   | close     | abort    | the link closes      |
 * | --------- | ----------------------- | --------------- | ------------------------ | --------- | -------- | -------------------- |
 * | `open`    | is delivered, or waits  | sent, or queued | delivers what waits      | `closing` | `closed` | `left`, or `closed`  |
 * | `left`    | –                       | `closed`: lost  | the rest, then `closed`  | `closed`  | `closed` | –                    |
 * | `closing` | is dropped              | –               | –                        | –         | `closed` | `closed`             |
 * | `closed`  | –                       | –               | –                        | –         | –        | –                    |
 *
 * `left`: the peer has closed cleanly, and what it sent before waits for a reader that is paused.
 *
 * The credits, where both ends have them, go as text messages: `+N` grants, `.` ends one direction, `?` and `=` ask and
 * answer whether one is there, `"` begins a text of message mode. Data is binary.
 *
 * @internal
 */
export class MessageTransport implements Transport {
  readonly canWriteEof: boolean;
  declare readonly messages?: boolean;
  readonly #link: MessageLink;
  readonly #settings: MessageSettings;
  readonly #credits: Credits | undefined;
  readonly #heartbeat: Heartbeat | undefined;
  #receiver: GuardedReceiver | undefined;
  #phase: 'open' | 'left' | 'closing' | 'closed' = 'open';
  // Until it is started, too.
  #paused = true;
  #closing: LinkClosing | undefined;
  /** What was received and not delivered yet; `undefined` for the end of the peer's direction. */
  #incoming = new Queue<Message | undefined>();
  #incomingSize = 0;
  #peerEnded = false;
  readonly #delivery = new Reentrant(() => this.#deliver());
  /** What waits for credit, with its length: memory can be taken away meanwhile. */
  #outgoing = new Queue<{ readonly message: Message; readonly size: number }>();
  #outgoingSize = 0;
  /** At most so many of the bytes that the link has queued are control, which is nobody's to wait for. */
  #controlSize = 0;
  #written = 0;
  /** The `writeQueueSize` that the receiver knows of. */
  #waiting = 0;
  // `closed`: the link has been told to close.
  #sending: 'open' | 'ending' | 'ended' | 'closed' = 'open';
  #closeWith: [code?: number, reason?: string] = [];

  constructor(link: MessageLink, settings: MessageSettings) {
    this.#link = link;
    this.#settings = settings;
    this.#credits = settings.window === undefined ? undefined : new Credits(settings.window);
    this.canWriteEof = this.#credits !== undefined;
    if (settings.mode === 'messages') this.messages = true;
    const { heartbeat } = settings;
    if (heartbeat !== undefined) {
      this.#heartbeat = new Heartbeat(
        heartbeat,
        () => !(this.#paused && this.#stops),
        () => (this.#credits === undefined ? this.#link.send(settings.ping) : this.#control('?')),
        () => this.#lose(new HeartbeatTimeoutError(heartbeat.timeout)),
      );
    }
    // What comes before `start` waits: the platform tells it once.
    if (this.#stops) link.pause();
    link.start({
      message: (message) => this.#onMessage(message),
      sent: () => this.#tellSent(),
      closed: (closing) => this.#onClosed(closing),
    });
    if (this.#credits !== undefined) this.#control(this.#credits.greeting);
  }

  get writeQueueSize(): number {
    if (this.#phase === 'closed') return 0;
    return this.#outgoingSize + Math.max(0, this.#link.queuedBytes - this.#controlSize);
  }

  get bytesWritten(): number {
    return this.#written;
  }

  start(receiver: TransportReceiver): void {
    const guarded = new GuardedReceiver(receiver);
    if (this.#phase === 'closed') {
      guarded.closed(this.#closing?.error);
      return;
    }
    this.#receiver = guarded;
    this.#heartbeat?.start();
    this.resume();
  }

  write(data: Data): void {
    if (this.#phase === 'left') this.#finish(connectionReset());
    if (!this.#takes) return;
    if (this.messages) {
      this.#written += typeof data === 'string' ? encodeText(data).length : data.length;
      this.#push(this.#credits !== undefined && typeof data === 'string' ? `"${data}` : data);
    } else {
      const bytes = typeof data === 'string' ? encodeText(data) : data;
      this.#written += bytes.length;
      for (let at = 0; at < bytes.length; at += PIECE) {
        this.#push(bytes.length <= PIECE ? bytes : bytes.subarray(at, at + PIECE));
      }
    }
    this.#send();
    this.#waiting = this.writeQueueSize;
  }

  writeEof(): void {
    if (!this.#takes) return;
    this.#sending = 'ending';
    this.#send();
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    if (this.#stops) this.#link.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#delivery.run();
    if (this.#flows && this.#stops && this.#phase === 'open') this.#link.resume();
  }

  close(): void {
    if (this.#phase === 'left') this.#finish(undefined);
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    // A link that is stopped would not see the peer's answer.
    if (this.#stops && this.#paused) this.#link.resume();
    this.#delivery.run();
    this.#send();
  }

  abort(reason?: unknown): void {
    if (this.#phase === 'closed') return;
    if (this.#closing === undefined) this.#link.abort(...abortedWith(reason));
    this.#finish(reason);
  }

  getExtraInfo(name: string): unknown {
    if (name === 'flowControl')
      return this.#credits === undefined ? (this.#link.flowControl ?? 'bound') : 'credit';
    if (name === 'closeCode') return this.#closing?.code;
    if (name === 'closeReason') return this.#closing?.reason;
    // Not an argument of `close`: what wraps a transport does not know of it.
    if (name === 'closeWith')
      return (code: number, reason: string) => void (this.#closeWith = [code, reason]);
    const info = this.#link.getExtraInfo(name);
    // The credits are nobody's business: what is left is the subprotocol of the program, or none.
    return name === 'protocol' && typeof info === 'string' ? withoutCredits(info) : info;
  }

  get #takes(): boolean {
    return this.#phase === 'open' && this.#sending === 'open';
  }

  /** Whether what was received is to be delivered, or dropped. A loss waits for nobody. */
  get #flows(): boolean {
    if (this.#phase === 'closing') return true;
    return this.#receiver !== undefined && (!this.#paused || this.#closing?.error !== undefined);
  }

  /** Whether pausing the link stops the peer. With credits it must not: they have to be heard. */
  get #stops(): boolean {
    return this.#credits === undefined && this.#link.flowControl !== undefined;
  }

  #control(text: string): void {
    if (this.#link.queuedBytes === 0) this.#controlSize = 0;
    this.#controlSize += text.length;
    this.#link.send(text);
  }

  #push(message: Message): void {
    this.#outgoing.push({ message, size: message.length });
    this.#outgoingSize += message.length;
  }

  /** Sends as much as may be sent; when all is, what comes after it. */
  #send(): void {
    if (this.#closing !== undefined || this.#phase === 'closed') return;
    const outgoing = this.#outgoing;
    while (outgoing.length > 0 && (this.#credits?.maySend ?? true)) {
      const { message, size } = outgoing.shift()!;
      if (message.length !== size) {
        this.#lose(new TypeError(`${size} bytes could not be sent: their memory was transferred or resized`));
        return;
      }
      this.#outgoingSize -= size;
      this.#credits?.sent(message);
      this.#link.send(message);
    }
    if (outgoing.length > 0) return;
    if (this.#sending === 'ending') {
      this.#sending = 'ended';
      this.#control('.');
    }
    if (this.#phase === 'open' && this.#sending === 'ended' && this.#peerEnded) {
      this.close();
    } else if (this.#phase === 'closing' && this.#sending !== 'closed') {
      this.#sending = 'closed';
      this.#link.close(...this.#closeWith);
    }
  }

  #onMessage(message: Message): void {
    if (this.#phase === 'closed') return;
    this.#heartbeat?.heard();
    try {
      if (this.#credits === undefined) this.#queue(message);
      else if (typeof message === 'string') this.#onControl(this.#credits, message);
      else this.#onCredited(this.#credits, message);
    } catch (error) {
      this.#lose(error);
    }
  }

  #onControl(credits: Credits, text: string): void {
    if (text.startsWith('+')) {
      credits.grant(text);
      this.#send();
      this.#tellSent();
      return;
    }
    credits.checkGreeted();
    if (text === '?') {
      if (this.#link.queuedBytes < NO_PONG) this.#control('=');
    } else if (text === '.') {
      if (this.#peerEnded) throw new FlowControlError('The peer has ended its direction twice');
      this.#peerEnded = true;
      this.#queue(undefined);
    } else if (text.startsWith('"') && this.messages) {
      this.#onCredited(credits, text);
    } else if (text !== '=') {
      const shown = JSON.stringify(text.slice(0, 20));
      throw new FlowControlError(
        text.startsWith('"')
          ? `The peer is in message mode, this end is not: ${shown}`
          : `No control message: ${shown}`,
      );
    }
  }

  #onCredited(credits: Credits, message: Message): void {
    credits.checkGreeted();
    credits.received(message);
    if (this.#peerEnded) throw new FlowControlError('The peer sends after the end of its direction');
    this.#queue(message);
  }

  #queue(message: Message | undefined): void {
    this.#incoming.push(message);
    if (message !== undefined) this.#incomingSize += message.length + OVERHEAD;
    this.#delivery.run();
    const { receiveLimit } = this.#settings;
    if (
      this.#phase === 'open' &&
      this.#credits === undefined &&
      !this.#stops &&
      this.#incomingSize > receiveLimit
    ) {
      throw new ReceiveLimitError(this.#incomingSize, receiveLimit);
    }
  }

  #deliver(): void {
    while (this.#incoming.length > 0 && this.#flows) {
      const message = this.#incoming.shift();
      if (message === undefined) {
        if (this.#alive) this.#receiver!.eof();
        // The end of both directions is the end of the connection.
        this.#send();
        continue;
      }
      this.#incomingSize -= message.length + OVERHEAD;
      if (this.#alive) this.#handOn(message, this.#receiver!);
      // Also for what is dropped: the peer may have to send it before it can hear of the end.
      const grant = this.#credits?.taken(message);
      if (grant !== undefined && this.#phase !== 'closed' && this.#closing === undefined)
        this.#control(grant);
    }
    if (this.#phase === 'left' && this.#incoming.length === 0) this.#finish(undefined);
  }

  /** Whether the receiver is to be told. */
  get #alive(): boolean {
    return this.#phase === 'open' || this.#phase === 'left';
  }

  #handOn(message: Message, receiver: TransportReceiver): void {
    if (!this.messages) {
      const bytes = typeof message === 'string' ? encodeText(message) : message;
      if (bytes.length > 0) receiver.data(bytes);
      return;
    }
    const isMarked = this.#credits !== undefined && typeof message === 'string';
    for (const chunk of messageChunks(isMarked ? message.slice(1) : message))
      if (this.#alive) receiver.data(chunk);
  }

  #tellSent(): void {
    const size = this.writeQueueSize;
    const fewer = size < this.#waiting;
    this.#waiting = size;
    if (fewer && this.#phase !== 'closed') this.#receiver?.flushed();
  }

  #onClosed(closing: LinkClosing): void {
    if (this.#phase === 'closed' || this.#closing !== undefined) return;
    this.#leave({ ...closing, error: lossOf(closing, this.writeQueueSize) });
  }

  #lose(error: unknown): void {
    if (this.#phase === 'closed' || this.#closing !== undefined) return;
    this.#link.abort(ABORTED, '');
    this.#leave({ error });
  }

  /** The link is gone. What has come by then is delivered, before a loss is told also to a reader that is paused. */
  #leave(closing: LinkClosing): void {
    this.#closing = closing;
    this.#heartbeat?.stop();
    if (this.#phase === 'closing') {
      this.#finish(closing.error);
      return;
    }
    this.#phase = 'left';
    if (closing.error === undefined && !this.#peerEnded) {
      this.#peerEnded = true;
      this.#incoming.push(undefined);
    }
    this.#delivery.run();
  }

  #finish(error: unknown): void {
    if (this.#phase === 'closed') return;
    this.#heartbeat?.stop();
    this.#phase = 'closed';
    this.#outgoing = new Queue();
    this.#incoming = new Queue();
    this.#outgoingSize = 0;
    this.#closing = { ...this.#closing, error: this.#closing?.error ?? error };
    this.#receiver?.closed(this.#closing.error);
  }
}

/** The code and reason for the peer. Those of another connection's loss may be none that a program can send. */
function abortedWith(reason: unknown): [code: number, reason: string] {
  if (!(reason instanceof WebSocketCloseError) || !mayCloseWith(reason.closeCode)) return [ABORTED, ''];
  const { closeCode, closeReason } = reason;
  return [closeCode, reasonLength(closeReason) > MAX_REASON ? '' : closeReason];
}

function lossOf({ code, reason = '', error }: LinkClosing, unsent: number): unknown {
  if (error !== undefined) return error;
  if (code !== undefined && !CLEAN.includes(code)) return new WebSocketCloseError(code, reason);
  if (unsent === 0) return undefined;
  return new WebSocketCloseError(
    code ?? 1005,
    reason,
    `The peer closed while ${unsent} bytes waited to be sent`,
  );
}
