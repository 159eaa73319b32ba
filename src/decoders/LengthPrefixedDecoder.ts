import type { ByteQueue } from '../bytes/ByteQueue.js';
import type { Decoder } from '../bytes/Decoder.js';
import { DecodeError, IncompleteReadError } from '../bytes/errors.js';
import { fieldSurplus, type LengthLayout } from './lengthLayout.js';

const VARINT_MOST = 10;

/** @internal */
export class LengthPrefixedDecoder implements Decoder<Uint8Array> {
  readonly #layout: LengthLayout;
  // Of the frame under way. It is taken in one go, so nothing has to be put back; 0 while its header is not complete.
  #headerLength = 0;
  #length = 0;

  constructor(layout: LengthLayout) {
    this.#layout = layout;
  }

  decode(bytes: ByteQueue): Uint8Array | undefined {
    if (this.#headerLength === 0) this.#readHeader(bytes);
    const headerLength = this.#headerLength;
    if (headerLength === 0 || bytes.length < headerLength + this.#length) return undefined;
    this.#headerLength = 0;
    if (this.#layout.keepHeader) return bytes.takeExactly(headerLength + this.#length);
    bytes.skip(headerLength);
    return bytes.takeExactly(this.#length);
  }

  end(bytes: ByteQueue): undefined {
    if (this.#headerLength === 0) return;
    throw new IncompleteReadError(bytes.takeExactly(bytes.length)!, this.#headerLength + this.#length);
  }

  #readHeader(bytes: ByteQueue): void {
    const { width, littleEndian, offset, maxLength } = this.#layout;
    const size = width === 'varint' ? varintSize(bytes, offset) : width;
    const headerLength = offset + size;
    if (size === 0 || bytes.length < headerLength) return;
    const varint = width === 'varint';
    const step = varint || littleEndian ? -1 : 1;
    let field = 0;
    for (let at = step === 1 ? offset : headerLength - 1, i = 0; i < size; i++, at += step) {
      const byte = bytes.peek(at)!;
      // Not by shifts: a field may have more than 32 bits.
      field = varint ? field * 128 + (byte & 127) : field * 256 + byte;
    }
    const length = field - fieldSurplus(this.#layout, headerLength);
    if (field > Number.MAX_SAFE_INTEGER || length < 0 || length > maxLength) {
      throw new DecodeError(
        `The length field says ${field}, which makes a payload of ${length} bytes; it may have 0 to ${maxLength}`,
      );
    }
    this.#headerLength = headerLength;
    this.#length = length;
  }
}

function varintSize(bytes: ByteQueue, offset: number): number {
  for (let size = 1; size <= VARINT_MOST; size++) {
    const byte = bytes.peek(offset + size - 1);
    if (byte === undefined) return 0;
    if (byte < 128) return size;
  }
  throw new DecodeError(`The length field is a varint of more than ${VARINT_MOST} bytes`);
}
