import { config, Subject, type ObservableNotification, type Observer } from 'rxjs';
import { marbleConnection } from 'rxjs-net/testing';
import { TestScheduler } from 'rxjs/testing';
import { SteppedScheduler } from '../../../../src/testing/SteppedScheduler.js';
import { shown, unescaped } from './escapes.js';
import { evaluateHandler } from './evaluateHandler.js';
import type { Playback, Problem } from './Playback.js';
import { Recorder } from './Recorder.js';

/** What a reader of the page has typed. */
export interface Scene {
  /** What the peer sends, as marbles, and the text of the letters, with escapes. */
  readonly incoming: string;
  readonly values: Readonly<Record<string, string>>;
  /** When the peer takes what was written, as marbles; without it at once. */
  readonly drain?: string | undefined;
  /** Bytes. */
  readonly limit?: number | undefined;
  readonly highWaterMark?: number | undefined;
  /** The code of a handler. */
  readonly handler: string;
}

/** A picture of more marbles helps nobody; and a handler may have an interval. */
const MOST_HAPPENINGS = 200;
const MOST_STEPS = 2000;
/** Of what is there when the marbles are over. */
const MOST_MILLISECONDS = 24 * 60 * 60 * 1000;

/** The letters that a marble string has, each once, in their order. */
export function lettersOf(marbles: string): string[] {
  // As RxJS reads them: ` 10ms ` is time.
  const letters = marbles
    .replaceAll(/(?<=^|\s)\d+(?:\.\d+)?(?:ms|s|m)(?=\s|$)/g, '')
    .replaceAll(/[\s\-|#()^!]/g, '');
  return [...new Set(letters)];
}

/** Plays a scene in virtual time: at once, and the same each time. Throws nothing: mistakes are in the playback. */
export function playMarbles(scene: Scene): Playback {
  const { limit = 65536, highWaterMark = 65536 } = scene;
  const scheduler = new SteppedScheduler();
  const recorder = new Recorder(scheduler, 1);
  let problem: Problem | undefined;
  const attempt = <T>(where: Problem['where'], work: () => T): T => {
    try {
      return work();
    } catch (error) {
      problem ??= { where, message: shown(error) };
      throw error;
    }
  };
  const play = (): void => {
    const values = attempt('values', () =>
      Object.fromEntries(Object.entries(scene.values).map(([letter, typed]) => [letter, unescaped(typed)])),
    );
    attempt('incoming', () => checkGroups(scene.incoming));
    attempt('drain', () => checkGroups(scene.drain ?? ''));
    const hot = <T>(marbles: string, values?: Record<string, T>, error?: unknown): Subject<T> => {
      const subject = new Subject<T>();
      for (const { frame, notification } of TestScheduler.parseMarbles(
        marbles,
        values,
        error,
        undefined,
        true,
      ))
        scheduler.schedule(() => tell(subject, notification), frame);
      return subject;
    };
    attempt('incoming', () => {
      // First of all, so that what is sent is there before it arrives.
      hot(scene.incoming, values).subscribe({
        next: (chunk) => recorder.note('peer', 'value', shown(chunk)),
        error: () => recorder.note('peer', 'error', 'resets the connection'),
        complete: () => recorder.note('peer', 'end', 'sends no more'),
      });
    });
    // Before it is taken, it is there.
    attempt('drain', () => hot(scene.drain ?? '')).subscribe({
      next: () => recorder.noteTaken(),
      // Here it is a loss of the connection, which tells of it.
      error: () => undefined,
    });
    const connection = attempt('incoming', () =>
      marbleConnection({ hot }, { ...optionsOf(scene), values, scheduler, limit, wrap: recorder.wrap }),
    );
    const handler = attempt('handler', () => evaluateHandler(scene.handler));
    recorder.run(connection, handler);
    let steps = 0;
    while (
      steps++ < MOST_STEPS &&
      recorder.happenings.length < MOST_HAPPENINGS &&
      recorder.now < MOST_MILLISECONDS &&
      attempt('handler', () => scheduler.next())
    )
      recorder.look();
    if (steps > MOST_STEPS || recorder.happenings.length >= MOST_HAPPENINGS) note = CUT;
  };
  let note: string | undefined;
  const { onUnhandledError } = config;
  config.onUnhandledError = (error) => (problem ??= { where: 'handler', message: shown(error) });
  try {
    scheduler.inTime(play);
  } catch (error) {
    problem ??= { where: 'handler', message: shown(error) };
  } finally {
    config.onUnhandledError = onUnhandledError;
  }
  if (/\b(async|await|Promise)\b/.test(scene.handler)) note ??= PROMISES;
  const { happenings, moments } = recorder;
  const until = Math.max(0, ...[...happenings, ...moments].map(({ at }) => at));
  return {
    happenings,
    moments,
    until,
    limit,
    highWaterMark,
    ...(problem && { problem }),
    ...(note !== undefined && { note }),
  };
}

/** RxJS takes a group without an end for one up to the end. */
function checkGroups(marbles: string): void {
  if (/^[^()]*(\([^()]*\)[^()]*)*$/.test(marbles)) return;
  throw new SyntaxError('A group of marbles begins with ( and ends with ), and has no group inside');
}

function tell<T>(observer: Observer<T>, notification: ObservableNotification<T>): void {
  if (notification.kind === 'N') observer.next(notification.value);
  else if (notification.kind === 'E') observer.error(notification.error);
  else observer.complete();
}

const CUT = 'This goes on for ever: what is shown ends here.';
const PROMISES =
  'Promises settle in real time, and the time of this picture is virtual: it is over before they do. Use observables, or be the peer yourself.';

function optionsOf({ incoming, drain, highWaterMark }: Scene): {
  incoming: string;
  drain?: string;
  highWaterMark?: number;
  lowWaterMark?: number;
} {
  return {
    incoming,
    ...(drain !== undefined && drain.trim() !== '' && { drain }),
    ...(highWaterMark !== undefined && { highWaterMark, lowWaterMark: Math.floor(highWaterMark / 4) }),
  };
}
