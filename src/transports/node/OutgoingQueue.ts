import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { Data } from '../../bytes/Separator.js';

/** Bytes the duplex is given at once. What is larger goes slice by slice, so that its progress shows. */
const SLICE = 131072;

/** Whose queue it is. @internal */
export interface Sender {
  onTaken(error?: Error): void;
}

/** What leaves together: at most two slices. */
class Batch {
  readonly items: Data[] = [];
  /** What the items had when they were written: memory can be taken away meanwhile. */
  readonly sizes: number[] = [];
  size = 0;
  next: Batch | undefined;

  /** @param reached makes it a barrier: called once all before it has been sent; what comes after it waits */
  constructor(public reached?: () => void) {}
}

/**
 * What was written and the system has not taken yet. The duplex has one batch of it at a time, so that all the rest can
 * still be dropped. Texts that follow each other are joined, which costs less than a system call's vector.
 *
 * @internal
 */
export class OutgoingQueue {
  #first: Batch | undefined;
  #last: Batch | undefined;
  #inFlight: Batch | undefined;
  #text = '';
  #textBytes = 0;
  #written = 0;
  #taken = 0;
  #end: 'open' | 'wanted' | 'done' = 'open';

  /** Bytes that the system has not taken. */
  get size(): number {
    return this.#written - this.#taken;
  }

  /** Bytes that were added so far. */
  get written(): number {
    return this.#written;
  }

  add(data: Data): void {
    if (typeof data !== 'string') {
      this.#written += data.length;
      this.#endText();
      this.#pushBytes(data);
      return;
    }
    const bytes = utf8Length(data);
    this.#written += bytes;
    if (bytes > SLICE) {
      this.#endText();
      this.#pushBytes(Buffer.from(data));
      return;
    }
    this.#text += data;
    this.#textBytes += bytes;
    // Joined with the half that may come next it would become another character.
    if (this.#textBytes >= SLICE || endsInHalfAPair(data)) this.#endText();
  }

  /** Ends the duplex after everything that was added. */
  end(): void {
    if (this.#end === 'open') this.#end = 'wanted';
  }

  /** Calls when all that was added has been sent; what is added from here on waits for `release`. */
  hold(sent: () => void): void {
    this.#endText();
    this.#append(new Batch(sent));
  }

  release(): void {
    if (this.#first?.reached !== undefined) this.#removeFirst();
  }

  /**
   * Hands on the next batch, unless one is under way.
   *
   * @param sender told when the system has it; with an error when it got something else than what was written
   */
  sendTo(duplex: Duplex, sender: Sender): void {
    if (this.#inFlight === undefined && !this.#reachBarrier()) {
      this.#endText();
      if (this.#first !== undefined) this.#hand(this.#removeFirst(), duplex, sender);
    }
    if (this.#end !== 'wanted' || this.#first !== undefined || this.#text !== '') return;
    this.#end = 'done';
    duplex.end();
  }

  /** Drops all of it, and no longer cares for the batch under way. */
  clear(): void {
    this.#first = this.#last = this.#inFlight = undefined;
    this.#text = '';
    this.#textBytes = 0;
    this.#taken = this.#written;
    this.#end = 'done';
  }

  #reachBarrier(): boolean {
    const reached = this.#first?.reached;
    if (reached === undefined) return false;
    this.#first!.reached = (): void => undefined;
    reached();
    return true;
  }

  #hand(batch: Batch, duplex: Duplex, sender: Sender): void {
    this.#inFlight = batch;
    checkUnchanged(batch);
    let handing = true;
    // Read by the system after this call, if it could not take all of it at once. TLS has its own copy.
    let borrowed = false;
    writeBatch(batch, duplex, (error) => {
      // After a failed write the duplex is about to be destroyed, with the error.
      if (this.#inFlight !== batch || error) return;
      this.#inFlight = undefined;
      this.#taken += batch.size;
      const changed = borrowed ? changeOf(batch) : undefined;
      // Whoever calls back within the call must not have the stack grow with each slice.
      if (handing) process.nextTick(tellTaken, sender);
      else sender.onTaken(changed);
    });
    handing = false;
    borrowed = duplex.writableLength > 0 && !(duplex instanceof TLSSocket);
  }

  #pushBytes(bytes: Uint8Array): void {
    const { length, buffer, byteOffset } = bytes;
    if (length <= SLICE) {
      this.#push(bytes, length);
      return;
    }
    for (let at = 0; at < length; at += SLICE) {
      const size = Math.min(SLICE, length - at);
      this.#push(new Uint8Array(buffer, byteOffset + at, size), size);
    }
  }

  #endText(): void {
    if (this.#text === '') return;
    const text = this.#text;
    const bytes = this.#textBytes;
    this.#text = '';
    this.#textBytes = 0;
    this.#push(text, bytes);
  }

  #push(item: Data, size: number): void {
    let batch = this.#last;
    if (batch === undefined || batch.size >= SLICE || batch.reached !== undefined) {
      batch = new Batch();
      this.#append(batch);
    }
    batch.items.push(item);
    batch.sizes.push(size);
    batch.size += size;
  }

  #append(batch: Batch): void {
    if (this.#last === undefined) this.#first = batch;
    else this.#last.next = batch;
    this.#last = batch;
  }

  #removeFirst(): Batch {
    const batch = this.#first!;
    this.#first = batch.next;
    if (this.#first === undefined) this.#last = undefined;
    return batch;
  }
}

function tellTaken(sender: Sender): void {
  sender.onTaken();
}

function writeBatch({ items, sizes }: Batch, duplex: Duplex, written: (error?: Error | null) => void): void {
  const last = items.length - 1;
  if (last > 0) duplex.cork();
  try {
    for (let i = 0; i <= last; i++) {
      const item = items[i]!;
      // ASCII, which Node hands on faster under this name. It does not matter to arrays.
      const encoding = item.length === sizes[i] ? 'latin1' : 'utf8';
      if (i < last) duplex.write(item, encoding);
      else duplex.write(item, encoding, written);
    }
  } finally {
    if (last > 0) duplex.uncork();
  }
}

function checkUnchanged(batch: Batch): void {
  const changed = changeOf(batch);
  if (changed !== undefined) throw changed;
}

function changeOf({ items, sizes }: Batch): Error | undefined {
  for (let i = 0; i < items.length; i++) {
    const item = items[i]!;
    if (typeof item === 'string' || item.length === sizes[i]) continue;
    return new Error(
      `Of ${sizes[i]} bytes that were written ${item.length} are left: their memory was transferred or resized before they were sent`,
    );
  }
  return undefined;
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
