import { ConnectionClosedError, ConnectionLostError, WriteAfterEndError } from './errors.js';

/**
 * What has become of a connection, seen from this side:
 *
 * ```text
 *          writeEof()        close()
 *   open ─────────────▶ ended ──────▶ closing ──┐
 *    │ └─────────────────────────────▶ ▲        │ closed by the transport,
 *    │        close()          │       │        │ from any phase
 *    └──────────── abort() ────┴──▶ aborted ────┴──▶ gone
 * ```
 *
 * @inline
 */
export type Phase = 'open' | 'ended' | 'closing' | 'aborted' | 'gone';

/**
 * The one place that knows in which phase a connection is, and what each call does in it:
 *
 * | phase     | `write`                 | `drain`                 | `writeEof` | `close`  | `abort`  | `waitClosed` |
 * | --------- | ----------------------- | ----------------------- | ---------- | -------- | -------- | ------------ |
 * | `open`    | sends                   | waits for room          | `ended`    | closes   | resets   | waits        |
 * | `ended`   | `WriteAfterEndError`    | waits for room          | –          | closes   | resets   | waits        |
 * | `closing` | `WriteAfterEndError`    | waits for room          | –          | –        | resets   | waits        |
 * | `aborted` | `ConnectionClosedError` | `ConnectionClosedError` | –          | –        | –        | waits        |
 * | `gone`    | as before; where it was open: drops | `error`     | –          | –        | –        | loss or value |
 *
 * `error` is fixed at the moment the connection goes, whoever closes what afterwards:
 *
 * | gone from         | by an error           | without one                                    |
 * | ----------------- | --------------------- | ---------------------------------------------- |
 * | `open`            | `ConnectionLostError` | `ConnectionLostError`: the peer closed it      |
 * | `ended`           | `ConnectionLostError` | `ConnectionClosedError`: both directions ended |
 * | `closing`         | `ConnectionLostError` | `ConnectionClosedError`                        |
 * | `aborted`         | `ConnectionClosedError`, its cause what `abort` was given              |
 *
 * Reads fail with it after a loss and an abort; without an error they find the end of the stream.
 *
 * @internal
 */
export class Lifecycle {
  #phase: Phase = 'open';
  // What ended the sending direction.
  #refusal: 'writeEof()' | 'close()' | undefined;
  #error: Error | undefined;
  #makeError: (() => Error) | undefined;
  #failure: Error | undefined;

  get phase(): Phase {
    return this.#phase;
  }

  /** What `drain` and requests error with: known from an abort on, and when the connection has gone. */
  get error(): Error | undefined {
    // Most connections are closed, and nobody asks: an error, with its stack, costs a tenth of a short connection.
    return (this.#error ??= this.#makeError?.());
  }

  /** What reads fail with: an abort, or a loss. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** What `waitClosed` errors with. */
  get loss(): Error | undefined {
    return this.#failure instanceof ConnectionLostError ? this.#failure : undefined;
  }

  get closing(): boolean {
    return this.#phase !== 'open' && this.#phase !== 'ended';
  }

  /** Throws what `write` throws in this phase. */
  checkWrite(): void {
    if (this.#refusal !== undefined) throw new WriteAfterEndError(`write() after ${this.#refusal}`);
    if (this.error instanceof ConnectionClosedError) throw this.error;
  }

  /** Whether there is anything to be done. */
  end(): boolean {
    return this.#turn('ended', this.#phase === 'open', 'writeEof()');
  }

  close(): boolean {
    return this.#turn('closing', !this.closing, 'close()');
  }

  abort(reason: unknown): boolean {
    const turned = this.#turn('aborted', this.#phase !== 'aborted' && this.#phase !== 'gone', undefined);
    if (turned) {
      this.#error = new ConnectionClosedError('The connection was aborted by this side', { cause: reason });
    }
    return turned;
  }

  /** The transport has closed, with an error if it broke. False: it had already. */
  go(error: unknown): boolean {
    const from = this.#phase;
    if (from === 'gone') return false;
    this.#phase = 'gone';
    if (from === 'aborted') {
      this.#failure = this.#error;
    } else if (error !== undefined) {
      this.#failure = this.#error = new ConnectionLostError(error);
    } else {
      this.#makeError = from === 'open' ? closedByPeer : from === 'ended' ? bothEnded : closedHere;
    }
    return true;
  }

  #turn(phase: Phase, allowed: boolean, refusal: 'writeEof()' | 'close()' | undefined): boolean {
    if (!allowed) return false;
    this.#phase = phase;
    this.#refusal = refusal;
    return true;
  }
}

function closedByPeer(): Error {
  return new ConnectionLostError(new Error('the peer closed it'));
}

function bothEnded(): Error {
  return new ConnectionClosedError('Both directions have ended');
}

function closedHere(): Error {
  return new ConnectionClosedError('The connection was closed by this side');
}
