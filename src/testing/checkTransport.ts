import type { Transport } from '../streams/Transport.js';
import { checkFlag } from './check.js';
import type { Need, Rule } from './rules/Rule.js';
import { transportRules } from './rules/transportRules.js';
import { messageOf, showValue } from './showValue.js';
import { TransportTrial } from './TransportTrial.js';

/** What is not the same for all transports. See {@link checkTransport}. */
export interface TransportTraits {
  /** Whether `abort` is seen by the peer as a broken connection. Without it, it may look like an end. Default: true. */
  resets?: boolean;
  /** Whether one direction can be ended alone (`canWriteEof`). Without it, rules that need it are left out. Default: true. */
  halfCloses?: boolean;
  /**
   * Whether the queue goes down, and `flushed` is told, also in the middle of one large write. Without it, only its end
   * is seen, and an idle timeout may take a slow transfer for none. Default: true.
   */
  reportsProgress?: boolean;
  /**
   * Whether an end that is paused slows its peer down, sooner or later. Without it (a plain `WebSocket`), what is sent
   * piles up at the end that is paused, and rules that need a peer that is stuck are left out. Default: true.
   */
  slowsPeer?: boolean;
  /**
   * Whether what a receiver throws is reported as RxJS does it, to `config.onUnhandledError`, and the transport goes on.
   * The checks of it set `config.onUnhandledError` for a while. Default: false, rules that need it are left out.
   */
  reportsThrows?: boolean;
  /** Milliseconds that a check waits for any one thing to happen. Default: 3000. */
  timeout?: number;
}

/**
 * Makes two ends of one new connection, connected and not started; called at least once for each rule.
 * See {@link checkTransport}.
 */
export type MakeTransportPair = () =>
  Promise<readonly [Transport, Transport]> | readonly [Transport, Transport];

/** One rule of the transport contract, as a test to be registered in any framework. See {@link transportChecks}. */
export interface ContractCheck {
  /** The rule, as a sentence about the transport: `bears a second close`. */
  readonly name: string;
  /** Rejects with an error that says what was expected, what happened, and what both ends were told. */
  run(): Promise<void>;
}

/**
 * The contract of `Transport` as a list of checks, one for each rule, to be registered as tests one by one.
 *
 * Each check makes a pair of its own and aborts both ends when it is over. Random data is the same in every run; its
 * seed stands in the failure. Bytes that have arrived tell a check that time has passed, so that it needs no sleeps.
 *
 * The checks cover what the comments of `Transport` promise: nothing is told before `start` and nothing after
 * `closed`, the order of data, end and close, half-close, pausing, the count of what waits, `close` and `abort` in
 * every state and from inside every call, a megabyte both ways at once; what is released after `closed`, where the
 * transport has `onReleased`.
 *
 * @param make the transport under test, twice: two connected ends, not started
 * @throws `TypeError` or `RangeError` when a trait is none
 *
 * @example
 * ```ts
 * import { ManualTransport, transportChecks } from 'rxjs-net/testing';
 *
 * // With a test framework: for (const check of transportChecks(make)) it(check.name, () => check.run());
 * const checks = transportChecks(() => [new ManualTransport(), new ManualTransport()], { timeout: 50 });
 * console.log(checks[0]?.name); // keeps what comes before start, and delivers it then
 * // Two transports that are not connected with each other break it.
 * checks[0]?.run().catch(() => console.log('failed')); // failed
 * ```
 */
export function transportChecks(
  make: MakeTransportPair,
  traits: TransportTraits = {},
): readonly ContractCheck[] {
  const {
    resets = true,
    halfCloses = true,
    reportsProgress = true,
    reportsThrows = false,
    slowsPeer = true,
  } = traits;
  for (const [name, trait] of Object.entries({
    resets,
    halfCloses,
    reportsProgress,
    reportsThrows,
    slowsPeer,
  })) {
    checkFlag(name, trait);
  }
  const { timeout = 3000 } = traits;
  if (!(typeof timeout === 'number' && timeout > 0 && timeout < 2 ** 31)) {
    throw new RangeError(`timeout must be 1 to 2^31 - 1 milliseconds, not ${showValue(timeout)}`);
  }
  const given: Record<Need, boolean> = {
    reset: resets,
    halfClose: halfCloses,
    noHalfClose: !halfCloses,
    progress: reportsProgress,
    throws: reportsThrows,
    slowsPeer,
  };
  const makeTrial = async (): Promise<TransportTrial> => new TransportTrial(await make(), timeout, makeTrial);
  return transportRules
    .filter(({ needs }) => needs.every((need) => given[need]))
    .map(({ name, check }) => ({ name, run: () => runCheck(name, check, makeTrial) }));
}

/**
 * Checks a transport against the whole contract, rule by rule, and rejects with one error that lists all it breaks.
 *
 * `transportChecks` gives the same rules one by one, for a test each.
 *
 * @param make the transport under test, twice: two connected ends, not started
 *
 * @example
 * ```ts
 * import type { Transport, TransportReceiver } from 'rxjs-net';
 * import { checkTransport } from 'rxjs-net/testing';
 *
 * // A transport that does nothing at all.
 * class Deaf implements Transport {
 *   readonly canWriteEof = false;
 *   readonly writeQueueSize = 0;
 *   start(_receiver: TransportReceiver) {}
 *   write() {}
 *   writeEof() {}
 *   pause() {}
 *   resume() {}
 *   close() {}
 *   abort() {}
 *   getExtraInfo() {}
 * }
 *
 * checkTransport(() => [new Deaf(), new Deaf()], { halfCloses: false, timeout: 5 }).catch((error: unknown) => {
 *   const [, first] = String(error).split('\n');
 *   console.log(first?.split(':')[0]); // - delivers at start what a peer sent that has closed since
 * });
 * ```
 */
export async function checkTransport(make: MakeTransportPair, traits?: TransportTraits): Promise<void> {
  const checks = transportChecks(make, traits);
  const failures: Error[] = [];
  for (const check of checks) {
    await check.run().catch((error: unknown) => failures.push(error as Error));
  }
  if (failures.length === 0) return;
  const list = failures.map(({ message }) => `- ${message}`).join('\n');
  throw new Error(`The transport breaks ${failures.length} of ${checks.length} rules:\n${list}`, {
    cause: failures[0],
  });
}

async function runCheck(
  name: string,
  check: Rule['check'],
  makeTrial: () => Promise<TransportTrial>,
): Promise<void> {
  let trial: TransportTrial | undefined;
  try {
    trial = await makeTrial();
    await check(trial, trial);
    trial.checkOrder();
  } catch (error) {
    throw new Error(`${name}: ${messageOf(error)}${trial?.report() ?? ''}`, { cause: error });
  } finally {
    trial?.end();
  }
}
