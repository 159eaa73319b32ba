import { Subject, type SchedulerLike, type Subscription } from 'rxjs';
import type { Data } from '../bytes/Separator.js';
import { decodeText } from '../bytes/text.js';
import { Reentrant } from '../streams/Reentrant.js';
import type { Transport, TransportReceiver } from '../streams/Transport.js';
import { GuardedReceiver } from '../transports/GuardedReceiver.js';
import { checkedBytes } from './check.js';
import { receivedMessage } from './receivedMessage.js';
import {
  commonLength,
  describeStep,
  difference,
  messageDifference,
  readSteps,
  ScriptError,
  showPart,
  type BytesStep,
  type PlayedStep,
  type ScriptStep,
} from './ScriptStep.js';

/**
 * Plays a script. Three places in it move on, each at its own pace: what this side has done (it may write ahead of
 * its peer), what the peer has done, and what of that has been delivered (not while the reader has paused).
 *
 * @internal
 */
export class ScriptedTransport implements Transport {
  readonly canWriteEof: boolean;
  declare readonly messages?: boolean;
  readonly writeQueueSize = 0;
  readonly #steps: readonly PlayedStep[];
  readonly #scheduler: SchedulerLike;
  // The first step that this side has not done, how much it has written of it; that the peer has not; not delivered.
  #own = 0;
  #written = 0;
  #played = 0;
  #delivered = 0;
  #receiver: TransportReceiver | undefined;
  #paused = false;
  #waiting = false;
  #wait: Subscription | undefined;
  #sentEof = false;
  #receivedEof = false;
  #closed = false;
  #error: ScriptError | undefined;
  #reason: unknown;
  readonly #playing = new Reentrant(() => this.#play());
  readonly #finished = new Subject<never>();
  readonly finished$ = this.#finished.asObservable();

  constructor(steps: readonly ScriptStep[], scheduler: SchedulerLike, hasMessages = false) {
    this.#steps = readSteps(steps);
    this.canWriteEof = !hasMessages;
    if (hasMessages) this.messages = true;
    this.#scheduler = scheduler;
  }

  /** What was done against the script, or is left of it. */
  get problem(): ScriptError | undefined {
    return this.#error ?? this.#leftOver();
  }

  start(receiver: TransportReceiver): void {
    this.#receiver = new GuardedReceiver(receiver);
    if (this.#closed) this.#receiver.closed(this.#reason);
    else this.#playing.run();
  }

  write(data: Data): void {
    let bytes = checkedBytes('data', data);
    if (this.#closed) return;
    if (this.messages) {
      if (!this.#matchMessage(bytes, typeof data === 'string')) return;
    } else {
      while (bytes.length > 0) {
        const taken = this.#match(bytes);
        if (taken === undefined) return;
        bytes = bytes.subarray(taken);
      }
    }
    this.#playing.run();
  }

  writeEof(): void {
    if (this.#closed) return;
    this.#sentEof = true;
    const next = this.#nextOwn();
    if (next?.kind === 'expectEof') this.#own++;
    else if (next?.kind === 'expect') {
      const left = showPart(next.bytes.subarray(this.#written));
      this.#fail(`${this.#position(this.#own)}: writeEof(), expected ${left}`);
      return;
    }
    this.#playing.run();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#playing.run();
  }

  close(): void {
    let next = this.#nextOwn();
    while (next?.kind === 'expectEof' || next?.kind === 'expectClose') {
      this.#own++;
      next = this.#nextOwn();
    }
    this.#close();
  }

  abort(reason?: unknown): void {
    this.#close(reason);
  }

  getExtraInfo(): undefined {
    return undefined;
  }

  /** How many of the bytes the next step takes; undefined when it has none of them. */
  #match(bytes: Uint8Array): number | undefined {
    const expected = this.#expectedFor(bytes)?.bytes;
    if (expected === undefined) return undefined;
    const from = this.#written;
    const length = Math.min(bytes.length, expected.length - from);
    const common = commonLength(expected.subarray(from), bytes);
    if (common < length) {
      const written = new Uint8Array(from + bytes.length);
      written.set(expected.subarray(0, from));
      written.set(bytes, from);
      this.#fail(`${this.#position(this.#own)}: ${difference(expected, written, from + common)}`);
      return undefined;
    }
    this.#written += length;
    if (this.#written === expected.length) {
      this.#own++;
      this.#written = 0;
    }
    return length;
  }

  /** Whether the message is the one that the next step has. */
  #matchMessage(bytes: Uint8Array, isText: boolean): boolean {
    const step = this.#expectedFor(bytes);
    if (step === undefined) return false;
    const difference = messageDifference(step, bytes, isText);
    if (difference === undefined) this.#own++;
    else this.#fail(`${this.#position(this.#own)}: ${difference}`);
    return difference === undefined;
  }

  /** The step that takes what is written; undefined, and told, when it is something else's turn. */
  #expectedFor(bytes: Uint8Array): BytesStep | undefined {
    const step = this.#nextOwn();
    if (step?.kind === 'expect') return step;
    this.#fail(
      step === undefined
        ? `After step ${this.#own} of ${this.#own}: nothing more was expected\n  written:  ${showPart(bytes)}`
        : `${this.#position(this.#own)}: not what was expected\n  expected: ${describeStep(step)}\n  written:  ${showPart(bytes)}`,
    );
    return undefined;
  }

  #nextOwn(): PlayedStep | undefined {
    for (; ; this.#own++) {
      const step = this.#steps[this.#own];
      if (step === undefined || step.kind === 'expectEof' || step.kind === 'expectClose') return step;
      // Of no bytes there is nothing to be written; an empty message is one.
      if (step.kind === 'expect' && (this.messages || step.bytes.length > 0)) return step;
    }
  }

  #play(): void {
    if (this.#receiver === undefined) return;
    while (!this.#closed && (this.#deliver() || this.#advance()));
    if (this.#closed || this.#delivered < this.#steps.length) return;
    this.#finished.complete();
    if (this.#sentEof && this.#receivedEof) this.#close();
  }

  #advance(): boolean {
    const step = this.#steps[this.#played];
    if (step === undefined || this.#waiting) return false;
    if (step.kind === 'wait') {
      this.#waiting = true;
      this.#wait = this.#scheduler.schedule(() => {
        this.#waiting = false;
        this.#played++;
        this.#playing.run();
      }, step.ms);
      return false;
    }
    if (isOwn(step)) {
      this.#nextOwn();
      if (this.#own <= this.#played) return false;
    }
    this.#played++;
    return true;
  }

  #deliver(): boolean {
    if (this.#delivered === this.#played) return false;
    const step = this.#steps[this.#delivered]!;
    if (this.#paused && isIncoming(step)) return false;
    this.#delivered++;
    if (step.kind === 'reply' && this.messages) {
      this.#receiver!.data(receivedMessage(step.isText ? decodeText(step.bytes, 'utf-8') : step.bytes));
    } else if (step.kind === 'reply' && step.bytes.length > 0) {
      // A copy, as the receiver keeps the chunk, and `bytes` may yet be shown.
      this.#receiver!.data(step.bytes.slice());
    } else if (step.kind === 'eof') {
      this.#receivedEof = true;
      this.#receiver!.eof();
      if (!this.canWriteEof) this.#close();
    } else if (step.kind === 'reset') {
      this.#close(step.error);
    }
    return true;
  }

  #leftOver(): ScriptError | undefined {
    this.#nextOwn();
    let at = this.#delivered;
    for (; at < this.#steps.length; at++) {
      const step = this.#steps[at]!;
      const done = isOwn(step) ? at < this.#own : step.kind === 'wait' && (at < this.#played || this.#closed);
      if (!done) break;
    }
    const step = this.#steps[at];
    if (step === undefined) return undefined;
    const count = this.#steps.length;
    const which = at + 1 === count ? 'is' : 'and what follows it are';
    const some =
      at === this.#own && this.#written > 0 ? `, of which ${this.#written} bytes were written` : '';
    return new ScriptError(
      `${this.#position(at)} ${which} left over${this.#closed ? ', the connection is closed' : ''}\n  ${describeStep(step)}${some}`,
      at + 1,
    );
  }

  #position(index: number): string {
    return `Step ${index + 1} of ${this.#steps.length}`;
  }

  #fail(message: string): void {
    this.#error = new ScriptError(message, this.#own + 1);
    this.#close(this.#error);
  }

  #close(error?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reason = error;
    this.#wait?.unsubscribe();
    this.#receiver?.closed(error);
    const { problem } = this;
    if (problem === undefined) this.#finished.complete();
    else this.#finished.error(problem);
  }
}

function isOwn({ kind }: PlayedStep): boolean {
  return kind === 'expect' || kind === 'expectEof' || kind === 'expectClose';
}

function isIncoming({ kind }: PlayedStep): boolean {
  return kind === 'reply' || kind === 'eof' || kind === 'reset';
}
