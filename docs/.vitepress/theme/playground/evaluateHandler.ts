import * as rxjs from 'rxjs';
import * as net from 'rxjs-net';
import type { Connection } from 'rxjs-net';
import * as testing from 'rxjs-net/testing';

/** What a handler of `useConnection` is. */
export type Handler = (connection: Connection) => rxjs.ObservableInput<unknown>;

/** All that a handler may name. Where two have the same name, rxjs-net's counts. */
const scope: Readonly<Record<string, unknown>> = Object.fromEntries(
  // In Node the namespace of a CommonJS package has `default` besides, which is no name.
  Object.entries({ ...rxjs, ...testing, ...net }).filter(([name]) => /^(?!default$)[\w$]+$/.test(name)),
);

/**
 * The handler that this code is: an expression, in which every name of rxjs, rxjs-net and rxjs-net/testing is known.
 *
 * @throws what the code throws, a `SyntaxError` for example; a `TypeError` when it is no function
 */
export function evaluateHandler(code: string): Handler {
  const expression = code.trim().replace(/;$/, '');
  if (expression === '') throw new TypeError('There is no handler: write a function of a connection');
  // What is typed here runs in the page of whoever typed it, and nowhere else.
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const make = new Function(...Object.keys(scope), `'use strict'; return (\n${expression}\n);`) as (
    ...values: unknown[]
  ) => unknown;
  const handler = make(...Object.values(scope));
  if (typeof handler !== 'function')
    throw new TypeError('A handler is a function of a connection, such as ({ reader }) => reader.lines()');
  return handler as Handler;
}
