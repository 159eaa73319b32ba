import { of, type MonoTypeOperatorFunction } from 'rxjs';
import type { Connection } from '../../src/streams/Connection.js';
import { ProxyError } from '../../src/streams/errors.js';
import { bytes } from '../contracts/bytes.js';
import { scriptedConnection, type ScriptStep } from '../../src/testing.js';
import { record } from '../streams/record.js';

/** What this side says, and what the proxy answers to it. */
export type Dialogue = readonly (readonly [said: string | Uint8Array, answer: string | Uint8Array])[];

/** Text of single bytes: what is 128 and above in it is no UTF-8. */
export function raw(...values: readonly (number | string)[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap((value) => (typeof value === 'number' ? [value] : Array.from(bytes(value)))),
  );
}

/** How the answers of a proxy are cut into chunks. */
export const CUTS: Record<string, (answer: Uint8Array) => Uint8Array[]> = {
  whole: (answer) => [answer],
  'byte by byte': (answer) => Array.from(answer, (byte) => Uint8Array.of(byte)),
};

export function scriptOf(dialogue: Dialogue, cut = CUTS.whole!): ScriptStep[] {
  return dialogue.flatMap(([said, answer]): ScriptStep[] => [
    { expect: said },
    ...cut(raw(...(typeof answer === 'string' ? [answer] : answer))).map((reply) => ({ reply })),
  ]);
}

/**
 * Plays a dialogue up to the tunnel, with bytes in the last chunk that are of the target already; then reads these.
 * What came out, and whether the connection is the same.
 */
export function throughTo(
  operator: MonoTypeOperatorFunction<Connection>,
  dialogue: Dialogue,
  cut = CUTS.whole!,
): readonly string[] {
  const script = scriptOf(dialogue, cut);
  const { reply } = script.pop() as { reply: Uint8Array };
  const connection = scriptedConnection([...script, { reply: raw(...reply, 'hello\nrest\n') }]);
  const log: string[] = [];
  of<Connection>(connection)
    .pipe(operator)
    .subscribe({
      next: (emitted) => log.push(emitted === connection ? 'the same' : 'another'),
      error: (error: unknown) => log.push(String(error)),
      complete: () => log.push('|'),
    });
  connection.done();
  return [...log, ...record(connection.reader.readLine()).log, ...record(connection.reader.read(9)).log];
}

/** The error that this script ends with, whose connection has to be closed by then. */
export function refusal(
  operator: MonoTypeOperatorFunction<Connection>,
  script: readonly ScriptStep[],
): ProxyError {
  const lost = script.some((step) => 'reset' in step);
  const connection = scriptedConnection(lost ? script : [...script, { expectClose: true }]);
  let failure: unknown;
  of<Connection>(connection)
    .pipe(operator)
    .subscribe({ next: () => fail('it emitted'), error: (error: unknown) => (failure = error) });
  connection.done();
  if (!(failure instanceof ProxyError)) throw new Error(`not a ProxyError, but ${String(failure)}`);
  return failure;
}
