import type { Duplex } from 'node:stream';
import type { SchedulerLike, Subscription } from 'rxjs';
import type { WebSocket } from 'ws';
import { HeartbeatTimeoutError } from '../../streams/errors.js';

/**
 * Bytes that a peer may not have read although it answers: so much goes out in one piece. A peer to which more was sent since
 * the ping may have stopped reading on purpose, and then it does not read the ping either.
 */
const MAY_BE_UNREAD = 65536;

/**
 * Finds out that a link has died without a word: when a ping was handed to the system and nothing at all came within the
 * interval after it.
 *
 * ```text
 * interval 30 s  ──30 s──▶ ping ──30 s──▶ ping ──30 s──▶ dead
 * peer                      pong            –
 * ```
 *
 * | phase   | when the timer is over                            | pong     |
 * | ------- | ------------------------------------------------- | -------- |
 * | waiting | pings: queued                                     | –        |
 * | queued  | has none, until the system has the ping: asked    | –        |
 * | asked   | dead; or one interval more; or the next ping      | recorded |
 * | stopped | –                                                 | –        |
 *
 * Silence proves nothing, and the wait goes on, when this side did not listen, as it was paused; and when more than
 * `MAY_BE_UNREAD` bytes went out after the ping: the peer may have stopped reading, which is its right.
 *
 * @internal
 */
export class PingWatch {
  readonly #ws: WebSocket;
  readonly #socket: Duplex & { bytesRead?: number };
  readonly #interval: number;
  readonly #scheduler: SchedulerLike;
  readonly #dead: (error: HeartbeatTimeoutError) => void;
  #phase: 'waiting' | 'queued' | 'asked' | 'stopped' = 'waiting';
  #timer: Subscription | undefined;
  #answered = false;
  #sentSince = 0;
  #deaf = false;
  /** Bytes that had come when it began to listen. */
  #before: number | undefined = 0;
  #heard = false;

  constructor(
    ws: WebSocket,
    socket: Duplex,
    interval: number,
    scheduler: SchedulerLike,
    dead: (error: HeartbeatTimeoutError) => void,
  ) {
    this.#ws = ws;
    this.#socket = socket;
    this.#interval = interval;
    this.#scheduler = scheduler;
    this.#dead = dead;
  }

  start(): void {
    this.#ws.on('pong', () => {
      this.#answered = true;
      this.#heard = true;
    });
    this.#wait(() => this.#ping());
  }

  stop(): void {
    this.#phase = 'stopped';
    this.#timer?.unsubscribe();
  }

  /** Something came from the peer: for sockets that do not count their bytes. */
  heard(): void {
    this.#heard = true;
  }

  /** So much was sent to the peer. */
  sent(bytes: number): void {
    this.#sentSince += bytes;
  }

  /** This side has stopped listening for a while. */
  deaf(): void {
    this.#deaf = true;
  }

  #ping(): void {
    this.#phase = 'queued';
    this.#answered = false;
    this.#sentSince = 0;
    this.#ws.ping(undefined, undefined, (error?: Error | null) => {
      if (!error && this.#phase === 'queued') this.#ask();
    });
  }

  #ask(): void {
    this.#phase = 'asked';
    this.#deaf = this.#ws.isPaused;
    this.#heard = false;
    this.#before = this.#socket.bytesRead;
    this.#wait(() => this.#judge());
  }

  #judge(): void {
    const heard = this.#heard || this.#socket.bytesRead !== this.#before;
    if (heard && this.#answered) this.#ping();
    else if (heard || this.#deaf || this.#sentSince > MAY_BE_UNREAD) this.#ask();
    else this.#dead(new HeartbeatTimeoutError(this.#interval));
  }

  // A new action each time: one that schedules itself again becomes a chain without an end in virtual time.
  #wait(over: () => void): void {
    this.#timer = this.#scheduler.schedule(over, this.#interval);
  }
}
