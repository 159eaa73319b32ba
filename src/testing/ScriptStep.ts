import type { Data } from '../bytes/Separator.js';
import { checkMilliseconds } from '../streams/check.js';
import { StreamError } from '../bytes/errors.js';
import { connectionReset } from '../streams/errors.js';
import { checkedBytes } from './check.js';
import { showBytes } from './showBytes.js';
import { showValue } from './showValue.js';

/** Bytes of each side that a message shows before and after the place it speaks of. */
const SHOWN = 60;

/**
 * One step of a scripted connection: what the code under test has to do next, or what its peer does.
 * See {@link scriptedConnection}.
 */
export type ScriptStep =
  /** These bytes are written next, in however many writes; in message mode, this message. */
  | { expect: Data }
  /** `writeEof()` or `close()` comes next. */
  | { expectEof: true }
  /** `close()` comes next. */
  | { expectClose: true }
  /** These bytes arrive, as one chunk; in message mode, this message. */
  | { reply: Data }
  /** This many milliseconds pass. */
  | { wait: number }
  /** The peer ends its direction. */
  | { eof: true }
  /** The connection breaks, with this error. With `true`: one with the code `ECONNRESET`. */
  | { reset: true | Error };

/**
 * The code under test did something else than the script of its connection says: the message has the step, what was
 * expected and what was written.
 *
 * @example
 * ```ts
 * import { scriptedConnection, ScriptError } from 'rxjs-net/testing';
 *
 * const connection = scriptedConnection([{ expect: 'PING\r\n' }]);
 * connection.writer.write('PINK\r\n');
 * try {
 *   connection.done();
 * } catch (error) {
 *   if (error instanceof ScriptError) console.log(error.code, error.step); // ERR_SCRIPT 1
 * }
 * ```
 */
export class ScriptError extends StreamError {
  override readonly name = 'ScriptError';
  readonly code = 'ERR_SCRIPT';

  constructor(
    message: string,
    /** The step that was not kept, counted from 1; one more than there are when the script was through. */
    readonly step: number,
  ) {
    super(message);
  }
}

/** A step of bytes, or of a message. @internal */
export interface BytesStep {
  kind: 'expect' | 'reply';
  bytes: Uint8Array;
  isText: boolean;
}

/** A step with its bytes encoded. @internal */
export type PlayedStep =
  | BytesStep
  | { kind: 'expectEof' | 'expectClose' | 'eof' }
  | { kind: 'wait'; ms: number }
  | { kind: 'reset'; error: Error };

/** Throws what is wrong with the steps. @internal */
export function readSteps(steps: readonly ScriptStep[]): PlayedStep[] {
  if (!Array.isArray(steps)) throw new TypeError(`A script is an array of steps, not ${showValue(steps)}`);
  let ended: 'eof' | 'reset' | undefined;
  // Not map: it would pass by the holes of an array.
  return Array.from(steps as readonly ScriptStep[], (step, index) => {
    const played = readStep(step, `Step ${index + 1}`);
    const { kind } = played;
    if (ended === 'reset' || (ended === 'eof' && (kind === 'reply' || kind === 'eof'))) {
      throw new TypeError(`Step ${index + 1}: nothing like ${describeStep(played)} can follow ${ended}`);
    }
    if (kind === 'eof' || kind === 'reset') ended = kind;
    return played;
  });
}

function readStep(step: ScriptStep, position: string): PlayedStep {
  const keys = typeof step === 'object' && (step as unknown) !== null ? Object.keys(step) : [];
  const [kind] = keys;
  if (keys.length !== 1) throw new TypeError(`${position} is no step of a script: ${showValue(step)}`);
  const value: unknown = (step as Record<string, unknown>)[kind!];
  switch (kind) {
    case 'expect':
    case 'reply':
      return {
        kind,
        bytes: checkedBytes(`${position}: ${kind}`, value as Data),
        isText: typeof value === 'string',
      };
    case 'expectEof':
    case 'expectClose':
    case 'eof':
      if (value === true) return { kind };
      throw new TypeError(`${position}: ${kind} must be true, not ${showValue(value)}`);
    case 'reset':
      if (value === true) return { kind, error: connectionReset() };
      // Not instanceof: test runners have errors from other realms.
      if (typeof value === 'object' && value !== null && 'message' in value) {
        return { kind, error: value as Error };
      }
      throw new TypeError(`${position}: reset must be true or an error, not ${showValue(value)}`);
    case 'wait':
      checkMilliseconds(`${position}: wait`, value as number);
      return { kind, ms: value as number };
    default:
      throw new TypeError(`${position} is no step of a script: ${showValue(step)}`);
  }
}

/** @internal */
export function describeStep(step: PlayedStep): string {
  switch (step.kind) {
    case 'expect':
    case 'reply':
      return `${step.kind} ${showPart(step.bytes)}`;
    case 'wait':
      return `wait ${step.ms} ms`;
    case 'expectEof':
      return 'expectEof (writeEof() or close())';
    case 'expectClose':
      return 'expectClose (close())';
    default:
      return step.kind;
  }
}

/** How many bytes both begin with. @internal */
export function commonLength(one: Uint8Array, other: Uint8Array): number {
  const length = Math.min(one.length, other.length);
  let common = 0;
  while (common < length && one[common] === other[common]) common++;
  return common;
}

/** What is wrong with a message, if it is not the one that the step expects. @internal */
export function messageDifference(step: BytesStep, written: Uint8Array, isText: boolean): string | undefined {
  const expected = step.bytes;
  if (isText !== step.isText) {
    const [wrong, right] = isText ? ['text  ', 'binary'] : ['binary', 'text  '];
    return `not what was expected\n  expected: ${right} ${showPart(expected)}\n  written:  ${wrong} ${showPart(written)}`;
  }
  const common = commonLength(expected, written);
  const isSame = common === expected.length && common === written.length;
  return isSame ? undefined : difference(expected, written, common);
}

/** In words, and two lines with a mark after the first `common` bytes, which both have. @internal */
export function difference(expected: Uint8Array, written: Uint8Array, common: number): string {
  let split = common;
  // Half a character would be shown in hex.
  while (split > 0 && (isContinuation(expected[split]) || isContinuation(written[split]))) split--;
  const from = Math.max(0, split - SHOWN);
  const prefix = `${from > 0 ? '… ' : ''}${showLine(expected.subarray(from, split))}▸`;
  return (
    `not what was expected, from byte ${common} on\n` +
    `  expected: ${prefix}${showPart(expected.subarray(split))}\n` +
    `  written:  ${prefix}${showPart(written.subarray(split))}`
  );
}

/** As much of it as a message has room for. @internal */
export function showPart(bytes: Uint8Array): string {
  if (bytes.length <= 2 * SHOWN) return showLine(bytes);
  return `${showLine(bytes.subarray(0, SHOWN))} … (${bytes.length} bytes)`;
}

function showLine(bytes: Uint8Array): string {
  return showBytes(bytes).replaceAll('\r', '\\r').replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
