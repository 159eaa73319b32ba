import { asyncScheduler } from 'rxjs';

export type EntryKind = 'in' | 'out' | 'note' | 'problem';

/** A line of the conversation. */
export interface Entry {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: EntryKind;
  readonly text: string;
}

/** The end of the conversation, and how much there was before it. */
export interface Excerpt {
  readonly entries: readonly Entry[];
  readonly earlier: number;
}

export const NOTHING: Excerpt = { entries: [], earlier: 0 };

const KEPT = 200;
const LONGEST_LINE = 160;
const START = 32;
const MOST_LINES = 100;

/** The conversation. It keeps what can be looked at, however much comes. */
export class Transcript {
  readonly #entries: Entry[] = [];
  #count = 0;

  add(kind: EntryKind, text: string): this {
    this.#entries.push({ id: ++this.#count, at: asyncScheduler.now(), kind, text: shortened(text) });
    // Rarely, so that it costs nothing for each of a million lines.
    if (this.#entries.length > 2 * KEPT) this.#entries.splice(0, this.#entries.length - KEPT);
    return this;
  }

  excerpt(): Excerpt {
    const entries = this.#entries.slice(-KEPT);
    return { entries, earlier: this.#count - entries.length };
  }
}

function shortened(text: string): string {
  const lines = text.split('\n', MOST_LINES + 1);
  const shown = lines
    .slice(0, MOST_LINES)
    .map((line) =>
      line.length > LONGEST_LINE ? `${line.slice(0, START)} … ${line.length} characters` : line,
    );
  return (lines.length > MOST_LINES ? [...shown, '…'] : shown).join('\n');
}
