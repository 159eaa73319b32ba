/** Up to this many bytes every chunk size and every place to cut is tried. */
const EXHAUSTIVE = 2000;

/** @internal */
export function byteByByte(data: Uint8Array): Uint8Array[] {
  return Array.from(data, (_, at) => data.subarray(at, at + 1));
}

/** @internal */
export function sizes(length: number): number[] {
  if (length <= EXHAUSTIVE) return Array.from({ length: length - 1 }, (_, i) => i + 1);
  const all = new Set(Array.from({ length: 16 }, (_, i) => i + 1));
  for (let power = 32; power < length; power *= 2)
    all
      .add(power - 1)
      .add(power)
      .add(power + 1);
  return [...all].filter((size) => size < length);
}

/** Where the bytes are cut: after the first, and so on, up to just before the last. @internal */
export function places(length: number): number[] {
  const all = Array.from({ length: Math.max(0, length - 1) }, (_, i) => i + 1);
  const step = Math.ceil(length / 128);
  return length <= EXHAUSTIVE ? all : all.filter((at) => at <= 64 || length - at <= 64 || at % step === 0);
}
