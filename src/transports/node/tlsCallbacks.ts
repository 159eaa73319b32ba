import type { ConnectionOptions, TlsOptions, TLSSocket } from 'node:tls';
import { shown } from '../../streams/check.js';
import { attemptCallback } from '../../streams/attemptCallback.js';

/**
 * The options of a server with its callbacks made safe: Node calls them in the middle of a handshake, where what they throw
 * is an uncaught exception in many versions. Here it destroys that one socket, which then tells of it.
 *
 * @internal
 */
export function safeServerCallbacks<T extends TlsOptions>(options: T): T {
  const { SNICallback, ALPNCallback, pskCallback } = options;
  const safe = { ...options };
  if (SNICallback !== undefined) {
    safe.SNICallback = function (this: TLSSocket, name, answer) {
      attemptCallback(() => SNICallback.call(this, name, answer), destroying(this, 'SNICallback'));
    };
  }
  if (ALPNCallback !== undefined) {
    safe.ALPNCallback = function (this: TLSSocket, offer) {
      const failed = destroying(this, 'ALPNCallback');
      const chosen = attemptCallback(() => ALPNCallback.call(this, offer), failed);
      if (chosen === undefined || offer.protocols.includes(chosen)) return chosen;
      failed(new TypeError(`ALPNCallback must return a protocol of the client's, not ${shown(chosen)}`));
      return undefined;
    };
  }
  if (pskCallback !== undefined) {
    safe.pskCallback = (socket, identity) => {
      return attemptCallback(() => pskCallback(socket, identity), destroying(socket, 'pskCallback')) ?? null;
    };
  }
  return safe;
}

/**
 * The same for a client: `failed` has what a callback throws, and the server has not proved who it is.
 *
 * @internal
 */
export function safeClientCallbacks<T extends ConnectionOptions>(
  options: T,
  failed: (error: unknown) => void,
): T {
  const { checkServerIdentity, pskCallback } = options;
  const safe = { ...options };
  if (checkServerIdentity !== undefined) {
    safe.checkServerIdentity = (host, certificate) => {
      try {
        const objection: unknown = checkServerIdentity(host, certificate);
        if (!(objection instanceof Promise)) return objection as Error | undefined;
        objection.catch(failed);
        return new TypeError('checkServerIdentity must return an error or undefined, not a promise');
      } catch (error) {
        failed(error);
        // Whatever was thrown, `undefined` as well.
        return new Error('checkServerIdentity threw', { cause: error });
      }
    };
  }
  if (pskCallback !== undefined) {
    safe.pskCallback = (hint) => attemptCallback(() => pskCallback(hint), failed) ?? null;
  }
  return safe;
}

function destroying(socket: TLSSocket, name: string): (error: unknown) => void {
  return (error) => {
    const reason =
      error instanceof Error ? error : new Error(`${name} threw ${shown(error)}`, { cause: error });
    socket.destroy(reason);
  };
}
