import type { Observable } from 'rxjs';
import type { MarbleHelpers } from '../../src/testing.js';

/** One line of a marble diagram. */
export interface MarbleLine {
  readonly title: string;
  readonly marbles: string;
  /** What the letters stand for. */
  readonly values: Readonly<Record<string, string>>;
  /** What `#` stands for: a code, or a message. */
  readonly error?: string | undefined;
}

/** What the cases need of a marble context: that of rxjs-marbles and the helpers of `TestScheduler.run` have it. */
export interface Helpers extends MarbleHelpers {
  cold<T>(marbles: string, values?: Record<string, T>, error?: unknown): Observable<T>;
}

/**
 * A case that a spec checks (checkCases.ts) and, if it has a `diagram`, `npm run diagrams` draws: so a picture shows
 * what has been tested.
 */
export interface MarbleCase {
  /** What the spec says. */
  readonly name: string;
  /** The name of its picture in docs/diagrams. */
  readonly diagram?: string | undefined;
  readonly inputs: readonly MarbleLine[];
  /** The call as text. */
  readonly call: string;
  readonly outputs: readonly MarbleLine[];
  /** Plays the case: an observable for each of `outputs`. */
  run(helpers: Helpers): readonly Observable<unknown>[];
}
