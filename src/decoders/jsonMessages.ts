import { described } from '../bytes/check.js';
import { DecodeError } from '../bytes/errors.js';
import { printable } from '../bytes/printable.js';
import type { Data } from '../bytes/Separator.js';
import { decodeText } from '../bytes/text.js';
import type { Codec } from './codec.js';
import { checkJsonFunctions, jsonText, type JsonOptions } from './json.js';
import { messages } from './messages.js';

/** Options of {@link jsonMessages}. */
export interface JsonMessagesOptions extends JsonOptions {
  /** Bytes a message may have, a positive integer. Default: 16 MiB. */
  maxLength?: number;
}

/**
 * A JSON value in each message, for a connection in message mode: what RxJS's `webSocket()` speaks. The types are what you
 * say they are: nothing is checked but that it is JSON.
 *
 * ```text
 * received         --"{"a":1}"----"2"----|
 * jsonMessages()   --x------------y------|      x = { a: 1 }, y = 2
 * ```
 *
 * - **Emits** the value of every message, of binary ones too, which are taken as UTF-8. One for which the `reviver` returns
 *   `undefined` is skipped.
 * - **Completes** at the end of the stream.
 * - **Errors** with `DecodeError` when a message is not JSON: `cause` is the error of `JSON.parse` or of the reviver. It stays
 *   in the reader: `reader.readFrame(messages())` takes it, and one can go on after it. Else as `messages()`.
 * - **Buffers** one message.
 *
 * `encode` gives a text message. It throws a `TypeError` for what has no JSON, and a `RangeError` for what is over
 * `maxLength`.
 *
 * @example
 * ```ts
 * import { decode, jsonMessages } from 'rxjs-net';
 * import { receivedMessage } from 'rxjs-net/testing';
 * import { of } from 'rxjs';
 *
 * const points = jsonMessages<{ x: number; y: number }>();
 * of(receivedMessage('{"x":1,"y":2}'))
 *   .pipe(decode(points))
 *   .subscribe(({ x, y }) => console.log(x + y)); // 3
 * console.log(points.encode({ x: 1, y: 2 })); // {"x":1,"y":2}
 * ```
 */
export function jsonMessages<In = unknown, Out = In>(options: JsonMessagesOptions = {}): Codec<In, Out> {
  checkJsonFunctions(options);
  const { maxLength, reviver, replacer } = options;
  return messages<In, Out>({
    ...(maxLength === undefined ? {} : { maxLength }),
    decode: (message) => parsed(message, reviver) as In | undefined,
    encode: (value) => jsonText(value, replacer),
  });
}

function parsed(message: Data, reviver: JsonOptions['reviver']): unknown {
  const text = typeof message === 'string' ? message : decodeText(message, 'utf-8');
  try {
    return JSON.parse(text, reviver);
  } catch (cause) {
    const reason = printable(cause instanceof Error ? cause.message : described(cause), 200);
    throw new DecodeError(`A message of ${text.length} characters is not JSON: ${reason}`, { cause });
  }
}
