import { fillText } from './text.js';

/** Bytes of memory to begin with. */
const FIRST = 256;
/** With memory up to this, what was written is copied from it; with more, it is handed out where it is. */
const KEPT = 65536;
/** Up to so many characters a text is written here; above, the platform's own conversion is faster. */
const SHORT = 32;
const encoder = new TextEncoder();

/**
 * Memory that grows as bytes are added to it, by doubling, and is used again for what is written next: what `ByteWriter`
 * puts its verbs on.
 */
export class GrowingBytes {
  /** @internal */
  protected memory = new Uint8Array(FIRST);
  /** @internal */
  protected view = new DataView(this.memory.buffer);
  /** How many bytes of it have been written. @internal */
  protected end = 0;

  /** The number of bytes that have been written since the last `finish`. */
  get length(): number {
    return this.end;
  }

  /** What was written, in an array that is not written to again. @internal */
  protected take(): Uint8Array {
    const { memory, end } = this;
    this.end = 0;
    if (memory.length <= KEPT) return memory.slice(0, end);
    // Not to be kept for ever after one large message.
    this.#use(new Uint8Array(FIRST));
    return 2 * end >= memory.length ? memory.subarray(0, end) : memory.slice(0, end);
  }

  /** Where `n` more bytes begin, for which there is room then. @internal */
  protected add(n: number): number {
    const at = this.end;
    if (at + n > this.memory.length) this.#reserve(n);
    this.end = at + n;
    return at;
  }

  /** @internal */
  protected addByte(value: number): void {
    const at = this.add(1);
    this.memory[at] = value;
  }

  /** A byte for each character. @internal */
  protected addBytewise(text: string, encoding: 'latin1' | 'ascii'): void {
    this.#reserve(text.length);
    fillText(this.memory, this.end, text, encoding);
    this.end += text.length;
  }

  /** @internal */
  protected addUtf8(text: string): void {
    const { length } = text;
    // Room for ASCII at first: three bytes for each character are mostly not needed.
    this.#reserve(length);
    const { memory, end } = this;
    let read = 0;
    for (; length <= SHORT && read < length; read++) {
      const code = text.charCodeAt(read);
      if (code > 127) break;
      memory[end + read] = code;
    }
    this.end += read;
    if (read < length) this.#encode(read === 0 ? text : text.slice(read));
  }

  /** Makes a place that is `least` bytes long one of `size` bytes, by moving what comes after it. @internal */
  protected widen(at: number, least: number, size: number): void {
    if (size === least) return;
    const { end } = this;
    this.add(size - least);
    this.memory.copyWithin(at + size, at + least, end);
  }

  // What does not fit into the room there is, is given as much as it may need.
  #encode(text: string): void {
    const { read, written } = encoder.encodeInto(text, this.memory.subarray(this.end));
    this.end += written;
    if (read === text.length) return;
    this.#reserve(3 * (text.length - read));
    this.#encode(text.slice(read));
  }

  #reserve(n: number): void {
    const needed = this.end + n;
    if (needed <= this.memory.length) return;
    const memory = new Uint8Array(Math.max(2 * this.memory.length, needed));
    memory.set(this.memory.subarray(0, this.end));
    this.#use(memory);
  }

  #use(memory: Uint8Array<ArrayBuffer>): void {
    this.memory = memory;
    this.view = new DataView(memory.buffer);
  }
}
