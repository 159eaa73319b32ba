const SIZE = 4096;

/**
 * Where small chunks are copied together while they wait, so that a trickle costs bytes, not objects. What has been
 * written once is never written again, as views of it may be out.
 *
 * @internal
 */
export class Arena {
  #memory = new Uint8Array(SIZE);
  #piece: Uint8Array | undefined;
  #from = 0;
  #to = 0;

  /** The piece that the chunk now lies in: `last`, grown, if that is the piece given before; else one of its own. */
  append(chunk: Uint8Array, last: Uint8Array | undefined): Uint8Array {
    let grows = last === this.#piece;
    if (this.#to + chunk.length > SIZE) {
      this.#memory = new Uint8Array(SIZE);
      this.#to = 0;
      grows = false;
    }
    if (!grows) this.#from = this.#to;
    this.#memory.set(chunk, this.#to);
    this.#to += chunk.length;
    return (this.#piece = this.#memory.subarray(this.#from, this.#to));
  }
}
