/**
 * `npm run bench:testing`: how long a protocol test of ten exchanges takes, under marbles and with a script. The aim:
 * under a millisecond each, a thousand in a second.
 */
import { deepStrictEqual } from 'node:assert';
import type { Connection } from 'rxjs-net';
import { marbleConnection, scriptedConnection, type ScriptStep } from 'rxjs-net/testing';
import { concat, map, type Observable } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

const TESTS = 1000;
const ROUNDS = 5;
const EXCHANGES = 10;

const numbers = Array.from({ length: EXCHANGES }, (_, i) => i);
const decoder = new TextDecoder();

/** The code under test: ten questions, ten answers. */
function dialogue({ reader, writer }: Connection): Observable<string> {
  return concat(
    ...numbers.map((i) =>
      concat(
        writer.send(`question ${i}\r\n`),
        reader.readLine().pipe(map((line) => decoder.decode(line).trimEnd())),
      ),
    ),
  );
}

const marbleValues = Object.fromEntries(numbers.map((i) => [i, `answer ${i}\r\n`]));
const answers = Object.fromEntries(numbers.map((i) => [i, `answer ${i}`]));
const questions = Object.fromEntries(numbers.map((i) => [i, `question ${i}\r\n`]));

function marbleTest(): void {
  new TestScheduler(deepStrictEqual).run((helpers) => {
    const connection = marbleConnection(helpers, { incoming: '-0-1-2-3-4-5-6-7-8-9', values: marbleValues });
    helpers.expectObservable(dialogue(connection)).toBe('     -0-1-2-3-4-5-6-7-8-(9|)', answers);
    helpers.expectObservable(connection.outgoing$).toBe('    01-2-3-4-5-6-7-8-9', questions);
  });
}

const script: ScriptStep[] = numbers.flatMap((i) => [
  { expect: `question ${i}\r\n` },
  { reply: `answer ${i}\r\n` },
]);

function scriptedTest(): void {
  const connection = scriptedConnection(script);
  const seen: string[] = [];
  dialogue(connection).subscribe((answer) => seen.push(answer));
  connection.done();
  deepStrictEqual(seen, Object.values(answers));
}

function milliseconds(test: () => void): number {
  const start = performance.now();
  for (let i = 0; i < TESTS; i++) test();
  return performance.now() - start;
}

for (const [name, test] of Object.entries({
  marbleConnection: marbleTest,
  scriptedConnection: scriptedTest,
})) {
  // From a cold start, as a test run is one; then warm.
  const cold = milliseconds(test);
  const warm = Array.from({ length: ROUNDS }, () => milliseconds(test)).sort((a, b) => a - b)[2]!;
  console.log(`${name}: ${TESTS} tests of ${EXCHANGES} exchanges`);
  for (const [when, total] of Object.entries({ cold, warm })) {
    console.log(`  ${when}: ${(total / TESTS).toFixed(3)} ms each, ${total.toFixed(0)} ms in all`);
  }
}
