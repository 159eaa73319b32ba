import { Subject, takeUntil, type Observable, type Subscriber } from 'rxjs';
import { Queue } from '../bytes/Queue.js';
import type { Connection } from '../streams/Connection.js';
import type { DecoderFactory } from '../bytes/Decoder.js';
import { ConnectionLostError } from '../streams/errors.js';
import type { StreamWriter } from '../streams/StreamWriter.js';

interface Request<In> {
  readonly subscriber: Subscriber<In>;
  readonly isReply: (message: In) => boolean;
}

/**
 * One `reader.frames` for many: those who want every message, and those who wait for the reply to a request. Holds the
 * reader as long as there is one of either.
 *
 * @internal
 */
export class SharedFrames<In> {
  // Of the present reading. Both are new when it has ended: whoever comes then begins another.
  #messages = new Subject<In>();
  #requests = new Queue<Request<In>>();
  #users = 0;
  // While the reader is held.
  #stop: Subject<void> | undefined;
  #dispatching = false;

  constructor(
    readonly connection: Connection,
    readonly decoder: DecoderFactory<In>,
  ) {}

  /** Every message, without holding the reader: that is for `hold`. */
  get messages(): Observable<In> {
    return this.#messages;
  }

  /** Puts a request behind the others, and writes it. Its reply comes while the reader is held. */
  request(request: Request<In>, write: () => void): void {
    // Before the write, as the reply may come inside it.
    this.#requests.push(request);
    try {
      write();
    } catch (error) {
      this.#requests.pop();
      throw error;
    }
  }

  /** Holds the reader as long as this subscriber lives. */
  hold(subscriber: Subscriber<In>): void {
    if (subscriber.closed) return;
    this.#users++;
    subscriber.add(() => this.#leave());
    if (this.#stop !== undefined) return;
    // What waits in the reader is emitted inside `subscribe`, and has to stop there if nobody wants more.
    const stop = new Subject<void>();
    this.#stop = stop;
    const { reader, writer } = this.connection;
    reader
      .frames(this.decoder)
      .pipe(takeUntil(stop))
      .subscribe({
        next: (message) => this.#dispatch(message),
        error: (error: unknown) => this.#end(error, (messages) => messages.error(error)),
        complete: () => {
          if (this.#stop !== stop) return;
          const error = goneError(writer) ?? new ConnectionLostError(new Error('the peer ended the stream'));
          this.#end(error, (messages) => messages.complete());
        },
      });
  }

  #leave(): void {
    this.#users--;
    this.#releaseUnused();
  }

  #releaseUnused(): void {
    // Not inside a message: the next request is often made there, and would have to take the reader again.
    if (this.#users > 0 || this.#dispatching) return;
    const stop = this.#stop;
    this.#stop = undefined;
    stop?.next();
  }

  #dispatch(message: In): void {
    this.#dispatching = true;
    try {
      // Before anybody is told: a request that is made inside `next` is not answered by this message.
      const request = this.#takeAnswered(message);
      this.#messages.next(message);
      request?.next(message);
      request?.complete();
    } finally {
      this.#dispatching = false;
      this.#releaseUnused();
    }
  }

  /** The request that this message is the reply to, which is no longer in the queue then. */
  #takeAnswered(message: In): Subscriber<In> | undefined {
    const request = this.#requests.first;
    if (request === undefined) return undefined;
    try {
      if (!request.isReply(message)) return undefined;
    } catch (error) {
      request.subscriber.error(error);
    }
    return this.#requests.shift()!.subscriber;
  }

  #end(error: unknown, tell: (messages: Subject<In>) => void): void {
    const requests = this.#requests;
    const messages = this.#messages;
    this.#requests = new Queue();
    this.#messages = new Subject();
    this.#stop = undefined;
    while (requests.length > 0) requests.shift()!.subscriber.error(error);
    tell(messages);
  }
}

/** The error of `drain()` if the connection is gone. @internal */
export function goneError(writer: StreamWriter): Error | undefined {
  let gone: Error | undefined;
  if (writer.isClosing()) {
    const error = (reason: Error): Error => (gone = reason);
    writer.drain().subscribe({ error }).unsubscribe();
  }
  return gone;
}
