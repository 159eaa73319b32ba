import type { JetStreamClient } from '@nats-io/jetstream';
import { Subscription, type SchedulerLike } from 'rxjs';
import { LinkedList, type Place } from '../bytes/LinkedList.js';
import { Reentrant } from '../streams/Reentrant.js';
import { isClosed, isFull, isTemporary, hasNoResponders, PublishError } from './errors.js';
import type { Publication } from './Publication.js';

/** How long a subject may have no stream: as long as a cluster may take to elect who leads it. */
const NO_RESPONDERS_MS = 2000;

/** @internal */
export interface WindowSettings {
  readonly js: Pick<JetStreamClient, 'publish'>;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
  readonly ackTimeout: number | undefined;
  readonly retryFor: number;
  readonly initialDelay: number;
  readonly maxDelay: number;
  readonly scheduler: SchedulerLike;
}

/** The writer that a window belongs to. @internal */
export interface WindowOwner {
  /** `length`, `bytes` or `stands` may be others now. */
  changed(): void;
  /** JetStream takes nothing until then. */
  stands(error: unknown, delay: number): void;
  /** The connection to NATS is closed. */
  lost(error: unknown): void;
}

/**
 * The messages of a writer that JetStream has not acknowledged: up to `maxPending` are published, the others wait behind
 * them, in order. One that JetStream did not take, and may take later, goes back to its place.
 *
 * | phase     | published             | JetStream has one        | one comes back                        | the time is over |
 * | --------- | --------------------- | ------------------------ | ------------------------------------- | ---------------- |
 * | `open`    | as many as may be     |                          | → `waiting`                           |                  |
 * | `waiting` | none                  |                          |                                       | → `probing`      |
 * | `probing` | the first one         | the probe: → `open`      | the probe: → `waiting`, twice as long |                  |
 * | `over`    | none                  |                          |                                       |                  |
 *
 * @internal
 */
export class PublishWindow {
  readonly #settings: WindowSettings;
  readonly #owner: WindowOwner;
  /** Written, and not published yet. */
  readonly #queue = new LinkedList<Publication>();
  /** Published, and come back; all of them before those of the queue, in order. */
  readonly #again: Publication[] = [];
  readonly #published = new Set<Publication>();
  readonly #pumping = new Reentrant(() => this.#pump());
  #phase: 'open' | 'waiting' | 'probing' | 'over' = 'open';
  #probe: Publication | undefined;
  #delay: number;
  #timer = Subscription.EMPTY;
  #bytes = 0;

  constructor(settings: WindowSettings, owner: WindowOwner) {
    this.#settings = settings;
    this.#owner = owner;
    this.#delay = settings.initialDelay;
  }

  /** Messages that JetStream has not acknowledged. */
  get length(): number {
    return this.#queue.length + this.#again.length + this.#published.size;
  }

  /** Their bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether JetStream takes nothing now. */
  get stands(): boolean {
    return this.#phase === 'waiting' || this.#phase === 'probing';
  }

  /** Returns what takes it back, if it has not been published. */
  add(publication: Publication): () => void {
    const place = this.#queue.push(publication);
    this.#bytes += publication.size;
    this.#advance();
    return () => this.#takeBack(publication, place);
  }

  /** Forgets all, and returns it in order. What is published already may be stored all the same. */
  clear(): Publication[] {
    const all = [...this.#published, ...this.#again];
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) all.push(next);
    this.#phase = 'over';
    this.#timer.unsubscribe();
    this.#published.clear();
    this.#again.length = 0;
    this.#bytes = 0;
    return all.sort((a, b) => a.number - b.number);
  }

  #takeBack(publication: Publication, place: Place<Publication>): void {
    const at = this.#again.indexOf(publication);
    if (place.list === this.#queue) this.#queue.remove(place);
    else if (at !== -1) this.#again.splice(at, 1);
    else return;
    this.#bytes -= publication.size;
    this.#advance();
  }

  #advance(): void {
    this.#pumping.run();
    this.#owner.changed();
  }

  #pump(): void {
    const { maxPending } = this.#settings;
    while (
      (this.#phase === 'open' && this.#published.size < maxPending) ||
      (this.#phase === 'probing' && this.#probe === undefined)
    ) {
      const next = this.#again.shift() ?? this.#queue.shift();
      // All that was to be tried again has been taken back.
      if (next === undefined && this.#phase === 'probing') this.#open();
      if (next === undefined) return;
      if (this.#phase === 'probing') this.#probe = next;
      void this.#publish(next);
    }
  }

  async #publish(publication: Publication): Promise<void> {
    const { js, ackTimeout } = this.#settings;
    const { subject, data, options } = publication;
    this.#published.add(publication);
    publication.attempts++;
    try {
      await js.publish(subject, data, {
        ...options,
        ...(ackTimeout === undefined ? {} : { timeout: ackTimeout }),
      });
    } catch (error) {
      if (this.#published.delete(publication)) this.#failed(publication, error);
      return;
    }
    if (this.#published.delete(publication)) this.#settled(publication, () => publication.onStored());
  }

  /** JetStream has it, or never will. */
  #settled(publication: Publication, tell: () => void): void {
    this.#bytes -= publication.size;
    // JetStream has answered: so it takes others.
    if (this.#probe === publication) this.#open();
    this.#advance();
    tell();
  }

  #failed(publication: Publication, error: unknown): void {
    if (isClosed(error)) {
      // With all the others.
      this.#comesAgain(publication);
      this.#owner.lost(error);
      return;
    }
    const now = this.#settings.scheduler.now();
    if (isFull(error)) publication.unsureSince = undefined;
    else if (isTemporary(error)) publication.unsureSince ??= now;
    if (!isFull(error) && !(isTemporary(error) && now - publication.unsureSince! < this.#patience(error))) {
      this.#settled(publication, () => this.#fail(publication, error));
      return;
    }
    this.#comesAgain(publication);
    if (this.#phase === 'open' || this.#probe === publication) this.#stand(error);
    this.#advance();
  }

  #patience(error: unknown): number {
    const { retryFor } = this.#settings;
    return hasNoResponders(error) ? Math.min(NO_RESPONDERS_MS, retryFor) : retryFor;
  }

  #fail(publication: Publication, error: unknown): void {
    const { subject, options, attempts } = publication;
    publication.onFailed(new PublishError(subject, options.msgID, attempts, error));
  }

  #comesAgain(publication: Publication): void {
    let at = this.#again.length;
    while (at > 0 && this.#again[at - 1]!.number > publication.number) at--;
    this.#again.splice(at, 0, publication);
  }

  #stand(error: unknown): void {
    const delay = this.#delay;
    const { scheduler, maxDelay } = this.#settings;
    this.#phase = 'waiting';
    this.#probe = undefined;
    this.#delay = Math.min(2 * delay, maxDelay);
    this.#timer = scheduler.schedule(() => {
      this.#phase = 'probing';
      this.#advance();
    }, delay);
    this.#owner.stands(error, delay);
  }

  #open(): void {
    this.#phase = 'open';
    this.#probe = undefined;
    this.#delay = this.#settings.initialDelay;
  }
}
