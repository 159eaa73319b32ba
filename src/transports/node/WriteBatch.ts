import type { Duplex } from 'node:stream';
import type { Data } from '../../bytes/Separator.js';

/**
 * What was written in one tick. Texts that follow each other are joined, which costs less than a system call's vector.
 *
 * @internal
 */
export class WriteBatch {
  #items: Data[] = [];
  #text = '';
  #textBytes = 0;
  // As long as all text is ASCII, which Node hands on faster under this name.
  #encoding: 'latin1' | 'utf8' = 'latin1';
  #size = 0;

  /** Bytes. */
  get size(): number {
    return this.#size;
  }

  add(data: Data): void {
    if (typeof data !== 'string') {
      this.#endText();
      this.#items.push(data);
      this.#size += data.length;
      return;
    }
    const bytes = utf8Length(data);
    this.#text += data;
    this.#textBytes += bytes;
    this.#size += bytes;
    // Joined with the half that may come next it would become another character.
    if (endsInHalfAPair(data)) this.#endText();
  }

  /** Hands all of it to the duplex in one go, and is empty again. */
  writeTo(duplex: Duplex, written: () => void): void {
    this.#endText();
    const items = this.#items;
    const encoding = this.#encoding;
    this.clear();
    const last = items.length - 1;
    if (last > 0) duplex.cork();
    for (let i = 0; i < last; i++) duplex.write(items[i], encoding);
    duplex.write(items[last], encoding, written);
    if (last > 0) duplex.uncork();
  }

  clear(): void {
    this.#items = [];
    this.#text = '';
    this.#textBytes = 0;
    this.#encoding = 'latin1';
    this.#size = 0;
  }

  #endText(): void {
    if (this.#text === '') return;
    this.#items.push(this.#text);
    if (this.#textBytes > this.#text.length) this.#encoding = 'utf8';
    this.#text = '';
    this.#textBytes = 0;
  }
}

/** Node's own count costs more by the call than a short text by the character. */
function utf8Length(text: string): number {
  if (text.length > 64) return Buffer.byteLength(text);
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return Buffer.byteLength(text);
  return text.length;
}

function endsInHalfAPair(text: string): boolean {
  return (text.charCodeAt(text.length - 1) & 0xfc00) === 0xd800;
}
