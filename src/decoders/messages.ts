import type { ByteQueue } from '../bytes/ByteQueue.js';
import { checkData, checkFunction, checkOptions } from '../bytes/check.js';
import type { Decoder } from '../bytes/Decoder.js';
import { DecodeError, IncompleteReadError } from '../bytes/errors.js';
import { BINARY_MESSAGE, MESSAGE_HEADER_LENGTH, TEXT_MESSAGE } from '../bytes/messageHeader.js';
import type { Data } from '../bytes/Separator.js';
import { encodeText } from '../bytes/text.js';
import { codec, type Codec } from './codec.js';
import { checkMaxLength, checkMessageLength } from './messageBytes.js';

/** Options of {@link messages}. */
export interface MessagesOptions {
  /** Bytes a message may have, a positive integer. Default: 16 MiB. */
  maxLength?: number;
}

/** What turns messages into values of your own, and back. See {@link messages}. */
export interface MessageConversion<In, Out> extends MessagesOptions {
  /** What becomes of a received message: a string if it is text, bytes if it is not. One that becomes `undefined` is skipped. */
  decode: (message: Data) => In | undefined;
  /** The message to be sent: a string goes as text, bytes as binary. */
  encode: (value: Out) => Data;
}

/** As much as may wait for a reader that nothing slows down. */
const DEFAULT_MAX_MESSAGE = 16 * 2 ** 20;

/**
 * The messages of a connection in message mode, whole, each as it was sent: text is a string, binary a `Uint8Array`.
 * With `decode` and `encode` they become values of your own.
 *
 * A connection in message mode (`fromWebSocket(url, { mode: 'messages' })`) is read with this, or with `jsonMessages`, and
 * with nothing else: by `readFrame`, `frames`, `consume`, `framed`, `converse`.
 *
 * ```text
 * received      --"ab"----<01 02>--|
 * messages()    --x-------y--------|      x = 'ab', y = Uint8Array.of(1, 2)
 * ```
 *
 * - **Emits** every message when it has come, empty ones too: binary ones are views of what was received.
 * - **Completes** at the end of the stream.
 * - **Errors** with `DecodeError` for a message over `maxLength`, and on a connection that is not in message mode; with what
 *   `decode` throws. The message stays in the reader. With `IncompleteReadError` when the connection breaks off inside a
 *   message.
 * - **Buffers** one message.
 *
 * `encode` returns what is to be written: `writer.write` sends each write as one message. It throws a `RangeError` for
 * what is over `maxLength`.
 *
 * @example
 * ```ts
 * import { decode, messages } from 'rxjs-net';
 * import { receivedMessage } from 'rxjs-net/testing';
 * import { of } from 'rxjs';
 *
 * of(receivedMessage('hello'), receivedMessage(Uint8Array.of(1, 2)))
 *   .pipe(decode(messages()))
 *   .subscribe((message) => console.log(typeof message, message.length)); // string 5, object 2
 * ```
 */
export function messages(options?: MessagesOptions): Codec<Data>;
/** The same as values of your own: what `decode` makes of a message, and `encode` of a value. */
export function messages<In, Out = In>(options: MessageConversion<In, Out>): Codec<In, Out>;
export function messages<In, Out>(
  options: MessagesOptions & Partial<MessageConversion<In, Out>> = {},
): Codec<In, Out> {
  checkOptions(options);
  const { maxLength = DEFAULT_MAX_MESSAGE } = options;
  checkMaxLength(maxLength);
  const { decode = same, encode = same } = options as Partial<MessageConversion<In, Out>>;
  checkFunction('decode', decode);
  checkFunction('encode', encode);
  return codec(
    () => new MessagesDecoder<In>(maxLength, decode as (message: Data) => In | undefined),
    (value: Out) => {
      const message = encode(value) as Data;
      checkData(message);
      // A UTF-16 unit has three bytes at most, so most texts need not be measured.
      const measured = typeof message === 'string' && 3 * message.length > maxLength;
      checkMessageLength(measured ? encodeText(message).length : message.length, maxLength);
      return message;
    },
  );
}

function same(message: unknown): unknown {
  return message;
}

class MessagesDecoder<T> implements Decoder<T> {
  readonly messages = true;

  constructor(
    readonly maxLength: number,
    readonly convert: (message: Data) => T | undefined,
  ) {}

  decode(bytes: ByteQueue): T | undefined {
    for (let message = this.#take(bytes); message !== undefined; message = this.#take(bytes)) {
      const value = this.convert(message);
      if (value !== undefined) return value;
      bytes.commit();
    }
    return undefined;
  }

  end(bytes: ByteQueue): undefined {
    if (bytes.length === 0) return;
    const expected = bytes.length < MESSAGE_HEADER_LENGTH ? null : MESSAGE_HEADER_LENGTH + lengthOf(bytes);
    throw new IncompleteReadError(bytes.takeExactly(bytes.length)!, expected);
  }

  #take(bytes: ByteQueue): Data | undefined {
    const kind = bytes.peek();
    if (kind === undefined) return undefined;
    if (kind !== TEXT_MESSAGE && kind !== BINARY_MESSAGE) {
      throw new DecodeError(
        `messages() is for a connection in message mode; this one carries bytes, the next is ${kind}`,
      );
    }
    if (bytes.length < MESSAGE_HEADER_LENGTH) return undefined;
    const length = lengthOf(bytes);
    if (length > this.maxLength) {
      throw new DecodeError(`A message of ${length} bytes is over the maxLength of ${this.maxLength}`);
    }
    if (bytes.length < MESSAGE_HEADER_LENGTH + length) return undefined;
    bytes.skip(MESSAGE_HEADER_LENGTH);
    return kind === TEXT_MESSAGE ? bytes.takeText(length) : bytes.takeExactly(length);
  }
}

function lengthOf(bytes: ByteQueue): number {
  let length = 0;
  for (let at = 1; at < MESSAGE_HEADER_LENGTH; at++) length = length * 256 + bytes.peek(at)!;
  return length;
}
