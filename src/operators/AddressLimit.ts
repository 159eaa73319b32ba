import { addressBlock } from '../bytes/addressBlock.js';
import type { Connection } from '../streams/Connection.js';
import { AddressLimitError } from '../streams/errors.js';

/**
 * How many connections each address has. It knows of those that have one: so its memory is bounded by theirs.
 *
 * @internal
 */
export class AddressLimit {
  readonly #most: number;
  readonly #addressOf: (connection: Connection) => string | undefined;
  readonly #counts = new Map<string, number>();

  constructor(most: number, addressOf = peerAddress) {
    this.#most = most;
    this.#addressOf = addressOf;
  }

  /** Takes a place, which is free again when nothing of the connection is left. Throws where there is none. */
  take(connection: Connection): void {
    const address = this.#addressOf(connection);
    if (address === undefined) return;
    const block = addressBlock(address);
    const counts = this.#counts;
    const count = counts.get(block) ?? 0;
    if (count >= this.#most) throw new AddressLimitError(block, this.#most);
    counts.set(block, count + 1);
    connection.core.onReleased(() => {
      const left = counts.get(block)! - 1;
      if (left > 0) counts.set(block, left);
      else counts.delete(block);
    });
  }
}

// Of a Unix socket it is a path, or nothing.
function peerAddress({ writer }: Connection): string | undefined {
  return writer.getExtraInfo('peername')?.address;
}
