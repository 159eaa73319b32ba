import { isPlatformBrowser } from '@angular/common';
import { inject, Injectable, PLATFORM_ID, signal, type Signal } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import type { ReconnectingStatus } from 'rxjs-net';
import { asyncScheduler, EMPTY, filter, interval, map, merge, scan, Subject, throttleTime } from 'rxjs';
import { LiveConnection } from '../connection/live-connection';
import { Meter } from '../connection/meter';
import { byteText } from './byte-text';
import { reasonText, seconds } from './status-text';
import { TARGETS, type Target } from './targets';
import { NOTHING, Transcript, type EntryKind, type Excerpt } from './transcript';

/** How a connection was doing at one time. */
export interface Sample {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Bytes, on all connections so far. */
  readonly received: number;
  readonly sent: number;
  /** Bytes a second, since the sample before. */
  readonly receiving: number;
  readonly sending: number;
  /** Bytes that have come and are not read. */
  readonly unread: number;
  /** Bytes that were written and are not sent. */
  readonly unsent: number;
  readonly readerPaused: boolean;
  readonly writerPaused: boolean;
}

export const SAMPLE_INTERVAL = 250;
export const SAMPLES = 120;
const REFRESH_INTERVAL = 100;
const DOT = 0x2e;
const NEWLINE = 0x0a;

const NO_SAMPLE: Sample = {
  at: 0,
  received: 0,
  sent: 0,
  receiving: 0,
  sending: 0,
  unread: 0,
  unsent: 0,
  readerPaused: false,
  writerPaused: false,
};

/** The console: a target, a conversation with it, and how that is going. */
@Injectable()
export class ConsoleSession {
  readonly live = inject<LiveConnection<string, string>>(LiveConnection);
  readonly #inBrowser = isPlatformBrowser(inject(PLATFORM_ID));
  readonly #meter = new Meter();
  readonly #said$ = new Subject<[EntryKind, string]>();

  readonly #target = signal<Target>(TARGETS[0]!);
  readonly target = this.#target.asReadonly();

  readonly #credits = signal(true);
  /** Whether the next connection is to have credits. */
  readonly credits = this.#credits.asReadonly();

  /** The conversation: every line is in it, and the page is told ten times a second. */
  readonly transcript: Signal<Excerpt> = toSignal(
    merge(
      this.#said$,
      this.live.received$.pipe(map((text): [EntryKind, string] => ['in', text])),
      this.live.status$.pipe(map((status) => this.#statusEntry(status))),
    ).pipe(
      filter(([, text]) => text !== ''),
      scan((transcript, [kind, text]) => transcript.add(kind, text), new Transcript()),
      throttleTime(REFRESH_INTERVAL, undefined, { leading: true, trailing: true }),
      map((transcript) => transcript.excerpt()),
    ),
    { initialValue: NOTHING },
  );

  /** The last half minute, the latest sample last. */
  readonly samples: Signal<readonly Sample[]> = toSignal(
    (this.#inBrowser ? interval(SAMPLE_INTERVAL) : EMPTY).pipe(
      map(() => this.#measure()),
      scan(
        (samples, sample) => [...samples, withRates(sample, samples.at(-1))].slice(-SAMPLES),
        [] as Sample[],
      ),
    ),
    { initialValue: [NO_SAMPLE] },
  );

  /** Connects to a target: this one from now on. */
  connect(target = this.#target()): void {
    this.#target.set(target);
    this.live.open(target.name, target.codec, { wrap: this.#meter.wrap, credits: this.#credits() });
  }

  useCredits(credits: boolean): void {
    this.#credits.set(credits);
    if (this.live.status().kind !== 'closed') this.connect();
  }

  say(text: string): void {
    if (this.live.send(text)) this.#said$.next(['out', text]);
    else this.#said$.next(['problem', `There is no connection to send it on: ${text}`]);
  }

  /** Writes so many bytes at once, as lines, whether there is room or not. */
  sayMuch(bytes: number): void {
    const lines = new Uint8Array(bytes).fill(DOT);
    for (let end = 1023; end < bytes; end += 1024) lines[end] = NEWLINE;
    this.live.connection()?.writer.write(lines);
    this.#said$.next(['note', `${byteText(bytes)} were written at once, and wait for room.`]);
  }

  /** Ends the connection as a broken network does. */
  break(): void {
    this.live.connection()?.writer.abort(new Error('It was broken by hand'));
  }

  #statusEntry(status: ReconnectingStatus): [EntryKind, string] {
    switch (status.kind) {
      case 'open':
        return ['note', `Connected to ${this.#target().title}.`];
      case 'waiting':
        return [
          status.reason === undefined ? 'note' : 'problem',
          `${reasonText(status.reason)} Again in ${seconds(status.delay)}.`,
        ];
      default:
        return ['note', ''];
    }
  }

  #measure(): Sample {
    const { received, sent, waiting, readerPaused } = this.#meter;
    return {
      ...NO_SAMPLE,
      at: asyncScheduler.now(),
      received,
      sent,
      unread: this.live.connection()?.reader.bufferedBytes ?? 0,
      unsent: waiting,
      readerPaused,
      writerPaused: this.live.writerPaused(),
    };
  }
}

function withRates(sample: Sample, last: Sample | undefined): Sample {
  if (last === undefined) return sample;
  const elapsed = Math.max(1, sample.at - last.at) / 1000;
  return {
    ...sample,
    receiving: (sample.received - last.received) / elapsed,
    sending: (sample.sent - last.sent) / elapsed,
  };
}
