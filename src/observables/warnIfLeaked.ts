import type { Connection } from '../streams/Connection.js';
import type { ConnectionCore } from '../streams/ConnectionCore.js';

// What the faces of a connection have in common: it is gone when the last of them is.
const faces = new WeakMap<object, object>();
let registry: FinalizationRegistry<ConnectionCore> | undefined;
let warned = false;

/**
 * Warns, the first time it happens, when all faces of a connection (itself, its reader, its writer) were
 * garbage-collected while it was open, and closes it: nobody else can. As asyncio's `StreamWriter.__del__` (3.13).
 *
 * @internal
 */
export function warnIfLeaked(connection: Connection): void {
  const token = {};
  for (const face of [connection, connection.reader, connection.writer]) faces.set(face, token);
  // Not when the module is loaded: importing it has no effect.
  registry ??= new FinalizationRegistry(closeLeaked);
  const { core } = connection;
  registry.register(token, core, core);
  // An error that the core keeps may hold on to the faces, by the stack it was made on: they would never be collected.
  core.onGone(() => registry!.unregister(core));
}

function closeLeaked(core: ConnectionCore): void {
  if (core.lifecycle.closing) return;
  if (!warned) {
    warned = true;
    process.emitWarning(
      'A connection was garbage-collected while it was open, and is closed now. Close it with writer.close(), or have ' +
        'it closed: useConnection and serve do so when the handler ends, `await using` at the end of its scope.',
      { code: 'RXJS_NET_LOST_CONNECTION' },
    );
  }
  core.release();
}
