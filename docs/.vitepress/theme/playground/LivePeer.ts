import { asyncScheduler, config, type Subscription } from 'rxjs';
import { connectionPair, type Connection } from 'rxjs-net';
import { shown, unescaped } from './escapes.js';
import { evaluateHandler } from './evaluateHandler.js';
import type { Playback, Problem } from './Playback.js';
import { Recorder } from './Recorder.js';

/** Times of a person: what is done within one of these is done at once. */
const STEP = 100;

/** Two ends in memory: the handler runs on one of them, in real time, and whoever looks at the page is the other. */
export class LivePeer {
  readonly #recorder = new Recorder(asyncScheduler, STEP, () => queueMicrotask(() => this.look()));
  readonly #limit: number;
  readonly #highWaterMark: number;
  readonly #changed: () => void;
  #peer: Connection | undefined;
  #problem: Problem | undefined;
  #running: Subscription | undefined;
  #reading: Subscription | undefined;

  constructor(
    {
      handler,
      limit = 65536,
      highWaterMark = 65536,
    }: { handler: string; limit?: number; highWaterMark?: number },
    changed: () => void,
  ) {
    this.#limit = limit;
    this.#highWaterMark = highWaterMark;
    this.#changed = changed;
    config.onUnhandledError = (error) => this.#failed(error);
    let ends = 0;
    const wrap = this.#recorder.wrap;
    const [peer, served] = connectionPair({
      limit,
      highWaterMark,
      lowWaterMark: Math.floor(highWaterMark / 4),
      // The end that the handler is on is the second one.
      wrap: (transport) => (++ends === 2 ? wrap(transport) : transport),
    });
    this.#peer = peer;
    this.reads = true;
    try {
      this.#running = this.#recorder.run(served, evaluateHandler(handler));
    } catch (error) {
      this.#failed(error);
    }
  }

  get playback(): Playback {
    const { happenings, moments } = this.#recorder;
    return {
      happenings: [...happenings],
      moments: [...moments],
      until: Math.max(0, ...[...happenings, ...moments].map(({ at }) => at)),
      limit: this.#limit,
      highWaterMark: this.#highWaterMark,
      ...(this.#problem && { problem: this.#problem }),
    };
  }

  get reads(): boolean {
    return this.#reading !== undefined;
  }

  /** Whether the peer takes what the handler writes. */
  set reads(reads: boolean) {
    this.#reading?.unsubscribe();
    this.#reading = reads ? this.#peer?.reader.chunks().subscribe({ error: () => undefined }) : undefined;
    this.look();
  }

  /** @throws when what is typed has an escape that is none */
  send(typed: string): void {
    const data = unescaped(typed);
    this.#act('value', shown(data), (peer) => peer.writer.write(data));
  }

  end(): void {
    this.#act('end', 'sends no more', (peer) => peer.writer.writeEof());
  }

  reset(): void {
    this.#act('error', 'resets the connection', (peer) => peer.writer.abort());
  }

  get isOpen(): boolean {
    return this.#peer?.inspect().phase === 'open';
  }

  /** What has changed with time alone. */
  look(): void {
    this.#recorder.look();
    this.#changed();
  }

  stop(): void {
    this.#running?.unsubscribe();
    this.#peer?.writer.abort();
    this.#peer = undefined;
  }

  #act(kind: 'value' | 'end' | 'error', text: string, action: (peer: Connection) => void): void {
    if (this.#peer === undefined || !this.isOpen) return;
    this.#recorder.note('peer', kind, text);
    action(this.#peer);
    this.look();
  }

  #failed(error: unknown): void {
    this.#problem ??= { where: 'handler', message: shown(error) };
    this.#changed();
  }
}
