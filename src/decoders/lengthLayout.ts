import { checkBoolean, described, checkOptions } from '../bytes/check.js';
import { checkMaxLength, DEFAULT_MAX_LENGTH } from './messageBytes.js';

/** Options of {@link lengthPrefixed}. */
export interface LengthPrefixedOptions {
  /** Bytes of the length field, or `'varint'`: unsigned LEB128, as protobuf's. Default: 4. */
  width?: 1 | 2 | 3 | 4 | 8 | 'varint';
  /** Byte order of a field of fixed width. Default: false, which is big-endian, the network's order. */
  littleEndian?: boolean;
  /** Bytes before the length field, a non-negative integer. Default: 0. */
  offset?: number;
  /** Added to the field's value to get the number of bytes after the field, an integer. Default: 0. */
  adjustment?: number;
  /** Whether the field counts the header too: the `offset` bytes and itself. Default: false. */
  lengthIncludesHeader?: boolean;
  /** Whether a frame begins with the header: the `offset` bytes and the field. Default: false, the header is dropped. */
  keepHeader?: boolean;
  /** Bytes that may stand after the field, a positive integer. Default: 64 KiB. */
  maxLength?: number;
}

/** The options, checked and complete. @internal */
export type LengthLayout = Required<LengthPrefixedOptions>;

/** @internal */
export function lengthLayout(options: LengthPrefixedOptions): LengthLayout {
  checkOptions(options);
  const { width = 4, littleEndian = false, offset = 0, adjustment = 0 } = options;
  const { lengthIncludesHeader = false, keepHeader = false, maxLength = DEFAULT_MAX_LENGTH } = options;
  if (![1, 2, 3, 4, 8, 'varint'].includes(width)) {
    throw new RangeError(`width must be 1, 2, 3, 4, 8 or 'varint', not ${described(width)}`);
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new RangeError(`offset must be a non-negative integer (bytes), not ${described(offset)}`);
  }
  if (!Number.isSafeInteger(adjustment))
    throw new RangeError(`adjustment must be an integer, not ${described(adjustment)}`);
  checkMaxLength(maxLength);
  checkBoolean('littleEndian', littleEndian);
  checkBoolean('lengthIncludesHeader', lengthIncludesHeader);
  checkBoolean('keepHeader', keepHeader);
  return { width, littleEndian, offset, adjustment, lengthIncludesHeader, keepHeader, maxLength };
}

const plain = new Map<unknown, LengthLayout>();

/** As `lengthLayout`; for a width alone checked once, and not for each message. @internal */
export function fieldLayout(
  width: LengthLayout['width'],
  options: LengthPrefixedOptions | undefined,
): LengthLayout {
  if (options !== undefined) {
    checkOptions(options);
    return lengthLayout({ ...options, width });
  }
  let layout = plain.get(width);
  if (layout === undefined) {
    layout = lengthLayout({ width });
    plain.set(width, layout);
  }
  return layout;
}

/** By how much the field's value is more than the number of bytes behind it. @internal */
export function fieldSurplus(
  { lengthIncludesHeader, adjustment }: LengthLayout,
  headerLength: number,
): number {
  return (lengthIncludesHeader ? headerLength : 0) - adjustment;
}
