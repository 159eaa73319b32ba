import { shown } from '../streams/check.js';

/** The answer of a function that decides who is let in: a promise would be as good as `true`. @internal */
export function checkAnswer(name: string, answer: unknown): boolean {
  if (typeof answer === 'boolean') return answer;
  if (answer instanceof Promise) answer.catch(() => undefined);
  const what = answer instanceof Promise ? 'a promise' : shown(answer);
  throw new TypeError(`${name} must return true or false, not ${what}`);
}
