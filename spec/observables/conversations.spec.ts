import fc from 'fast-check';
import { VirtualTimeScheduler } from 'rxjs';
import { converse, decoder, type Conversation, type DecoderBytes } from '../../src/index.js';
import { manualConnection } from '../../src/testing.js';
import { bytes, text } from '../contracts/bytes.js';
import { runs } from '../contracts/runs.js';

function* sized(io: DecoderBytes): Generator<undefined, string> {
  return yield* io.text(yield* io.uint8());
}
const frames = decoder(sized);

/** Each kind of step: what the peer sends for a word, and how it is taken. */
const kinds: Record<
  string,
  [send: (word: string) => string, take: (io: Conversation, word: string) => Generator<undefined, string>]
> = {
  line: [
    (word) => `${word}\n`,
    function* (io) {
      return yield* io.line();
    },
  ],
  text: [
    (word) => word,
    function* (io, word) {
      return yield* io.text(word.length);
    },
  ],
  exactly: [
    (word) => word,
    function* (io, word) {
      return text(yield* io.exactly(word.length));
    },
  ],
  until: [
    (word) => `${word};`,
    function* (io) {
      return text(yield* io.until(';')).slice(0, -1);
    },
  ],
  frame: [
    (word) => `${String.fromCharCode(word.length)}${word}`,
    function* (io) {
      return yield* io.frame(frames);
    },
  ],
};

interface Step {
  kind: string;
  word: string;
  /** It is given this long first, and then asked for again. */
  patience: number | undefined;
}

const step = fc.record({
  kind: fc.constantFrom(...Object.keys(kinds)),
  word: fc.stringMatching(/^[a-z]{0,12}$/),
  patience: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
});

describe('Conversations, at random', () => {
  it('lose no byte, skip no finally, and do no step twice, however they are cut, timed out or unsubscribed', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 8 }),
        fc.infiniteStream(fc.integer({ min: 1, max: 6 })),
        fc.option(fc.integer({ min: 0, max: 200 }), { nil: undefined }),
        (steps: Step[], cuts, unsubscribedAt) => {
          const scheduler = new VirtualTimeScheduler();
          const connection = manualConnection({ scheduler });
          const sent = bytes(steps.map(({ kind, word }) => kinds[kind]![0](word)).join(''));
          let at = 0;
          for (let time = 3; at < sent.length; time += 7) {
            const chunk = sent.slice(at, (at += cuts.next().value as number));
            scheduler.schedule(() => connection.transport.receive(chunk), time);
          }
          const taken: string[] = [];
          let finals = 0;
          const talk = converse(function* (io) {
            try {
              for (const { kind, word, patience } of steps) {
                const take = kinds[kind]![1];
                if (patience !== undefined) {
                  try {
                    taken.push(yield* io.within(patience, take(io, word)));
                    continue;
                  } catch (error) {
                    expect((error as { code: string }).code).toBe('ERR_STEP_TIMEOUT');
                  }
                }
                taken.push(yield* take(io, word));
              }
            } finally {
              finals++;
            }
          });
          const subscription = talk(connection).subscribe();
          if (unsubscribedAt !== undefined)
            scheduler.schedule(() => subscription.unsubscribe(), unsubscribedAt);
          scheduler.flush();
          expect(finals).toBe(1);
          expect(taken).toEqual(steps.slice(0, taken.length).map(({ word }) => word));
          if (unsubscribedAt === undefined) expect(taken.length).toBe(steps.length);
          let rest = '';
          connection.transport.receiveEof();
          connection.reader.read().subscribe((left) => (rest = text(left)));
          const untaken = steps.slice(taken.length).map(({ kind, word }) => kinds[kind]![0](word));
          expect(rest).toBe(untaken.join(''));
        },
      ),
      runs(2000),
    );
  });
});
