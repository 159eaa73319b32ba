import { Reentrant } from '../../../src/streams/Reentrant.js';
import type {
  LinkClosing,
  Message,
  MessageLink,
  MessageLinkReceiver,
} from '../../../src/transports/web/MessageLink.js';

type Sent = { message: Message } | { close: LinkClosing };

/**
 * One end of a link in memory, which behaves as a WebSocket does: messages arrive within the call, unless the other end is
 * paused; closing is answered; an abort arrives as the code it has.
 */
export class MemoryLink implements MessageLink {
  peer!: MemoryLink;
  readonly sent: Message[] = [];
  queuedBytes = 0;
  paused = false;
  #receiver: MessageLinkReceiver | undefined;
  readonly #queue: Sent[] = [];
  #state: 'open' | 'closing' | 'closed' = 'open';
  readonly #delivery = new Reentrant(() => this.#deliver());

  constructor(readonly flowControl: MessageLink['flowControl']) {}

  start(receiver: MessageLinkReceiver): void {
    this.#receiver = receiver;
    this.peer.#delivery.run();
  }

  send(message: Message): void {
    if (this.#state !== 'open') return;
    this.sent.push(message);
    const copy = typeof message === 'string' ? message : message.slice();
    this.queuedBytes += copy.length;
    this.#queue.push({ message: copy });
    this.#delivery.run();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.peer.#delivery.run();
  }

  close(code = 1000, reason = ''): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#queue.push({ close: { code, reason } });
    this.#delivery.run();
  }

  abort(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#receiver = undefined;
    this.#queue.length = 0;
    this.queuedBytes = 0;
    this.peer.#close({ code, reason });
  }

  getExtraInfo(name: string): unknown {
    return name === 'url' ? 'memory:' : undefined;
  }

  #deliver(): void {
    const { peer } = this;
    while (this.#queue.length > 0 && peer.#receiver !== undefined && !peer.paused) {
      const next = this.#queue.shift()!;
      if ('message' in next) {
        this.queuedBytes -= next.message.length;
        if (peer.#state === 'open') peer.#receiver.message(next.message);
        this.#receiver?.sent();
      } else {
        const answer = peer.#state === 'closing' ? peer.#closing() : next.close;
        peer.#close(next.close);
        this.#close(answer);
      }
    }
  }

  #closing(): LinkClosing {
    return this.#queue.flatMap((sent) => ('close' in sent ? [sent.close] : []))[0] ?? { code: 1000 };
  }

  #close(closing: LinkClosing): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    const receiver = this.#receiver;
    this.#receiver = undefined;
    receiver?.closed(closing);
  }
}

export function linkPair(flowControl?: MessageLink['flowControl']): [MemoryLink, MemoryLink] {
  const one = new MemoryLink(flowControl);
  const other = new MemoryLink(flowControl);
  one.peer = other;
  other.peer = one;
  return [one, other];
}
