import type { SchedulerLike, Subscription } from 'rxjs';

/** @internal */
export interface HeartbeatSettings {
  readonly interval: number;
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Asks a silent peer whether it is there: after `interval` milliseconds in which nothing came, and counts it as gone when
 * nothing comes for `timeout` more.
 *
 * ```text
 * heard      x--x--x--------------
 * ping       ------------?--------
 * dead       ---------------!
 * ```
 *
 * @internal
 */
export class Heartbeat {
  #heard = false;
  #timer: Subscription | undefined;

  constructor(
    private readonly settings: HeartbeatSettings,
    /** What cannot be heard is not missed: false while this end itself takes nothing. */
    private readonly listens: () => boolean,
    private readonly ping: () => void,
    private readonly dead: () => void,
  ) {}

  start(): void {
    this.#wait(this.settings.interval, () => {
      this.ping();
      this.#wait(this.settings.timeout, this.dead);
    });
  }

  heard(): void {
    this.#heard = true;
  }

  stop(): void {
    this.#timer?.unsubscribe();
  }

  #wait(milliseconds: number, silent: () => void): void {
    this.#heard = false;
    this.#timer = this.settings.scheduler.schedule(() => {
      if (this.#heard || !this.listens()) this.start();
      else silent();
    }, milliseconds);
  }
}
