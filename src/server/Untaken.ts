import type { Connection } from '../streams/Connection.js';
import type { ConnectionCore } from '../streams/ConnectionCore.js';

/** The connections that nobody has taken yet, in the order in which they came. Each of its calls costs the same. @internal */
export class Untaken {
  // By what stays of a connection when its user has lost it: whoever removes it must not hold on to it.
  readonly #connections = new Map<ConnectionCore, Connection>();
  // One for all: each new one would begin with the places of all that have gone.
  #inOrder = this.#connections.entries();

  add(connection: Connection): void {
    connection.core.waits('somebody to take it from connections$');
    this.#connections.set(connection.core, connection);
  }

  /** The one that has waited longest. */
  take(): Connection | undefined {
    const { value } = this.#inOrder.next();
    // What comes later is not seen by one that was at the end.
    if (value === undefined) this.#inOrder = this.#connections.entries();
    else this.remove(value[0]);
    return value?.[1];
  }

  /** One that is gone, and is nobody's to take any more. */
  remove(core: ConnectionCore): void {
    if (this.#connections.delete(core)) core.waits();
  }
}
