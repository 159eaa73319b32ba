import { fieldSurplus, type LengthLayout } from './lengthLayout.js';

/** How many bytes the length field of a payload takes. It throws a `RangeError` if the layout has no room for the length. @internal */
export function fieldSize(length: number, layout: LengthLayout): number {
  const varint = layout.width === 'varint';
  const base = varint ? 128 : 256;
  let size = layout.width === 'varint' ? 1 : layout.width;
  let field = length + fieldSurplus(layout, size);
  // A field that counts itself grows with its size, so the size is tried and not computed.
  while (varint && field >= base ** size) field = length + fieldSurplus(layout, ++size);
  if (field >= 0 && field < base ** size && field <= Number.MAX_SAFE_INTEGER) return size;
  throw new RangeError(
    `A payload of ${length} bytes makes the length field ${field}, which does not fit into ${size} bytes`,
  );
}

/** Writes a length field of a size that `fieldSize` has said. @internal */
export function writeField(
  bytes: Uint8Array,
  at: number,
  size: number,
  length: number,
  layout: LengthLayout,
): void {
  const varint = layout.width === 'varint';
  const base = varint ? 128 : 256;
  let field = length + fieldSurplus(layout, size);
  for (let i = 0; i < size; i++, field = Math.floor(field / base)) {
    bytes[at + (varint || layout.littleEndian ? i : size - 1 - i)] =
      (field % base) + (varint && i < size - 1 ? 128 : 0);
  }
}
