import type { IncomingMessage } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { reportError } from '../streams/reportError.js';
import { refuseUpgrade } from './refuseUpgrade.js';

/** One who takes some of the requests of a server. @internal */
export interface UpgradeRoute {
  /** Whether it is this one's. What it throws is reported, and the request answered 500. */
  matches(request: IncomingMessage): boolean;
  take(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** Who is told what becomes of listening. @internal */
export interface ListeningEvents {
  /** With the address, or the path of a Unix socket; with nothing where nobody knows. */
  listening(address: AddressInfo | string | null): void;
  failed(error: unknown): void;
  /** Somebody else has ended it. */
  closed(): void;
}

const routesOfServers = new WeakMap<Server, UpgradeRoutes>();

/**
 * The listeners that an HTTP server has for all who take requests to upgrade by their paths: only together they know that nobody
 * wants one. With other listeners there a request that is nobody's here is left to them.
 *
 * @internal
 */
export class UpgradeRoutes {
  readonly #server: Server;
  // Of all that match the first one gets it.
  readonly #routes = new Map<UpgradeRoute, ListeningEvents>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static of(server: Server): UpgradeRoutes {
    let routes = routesOfServers.get(server);
    if (routes === undefined) routesOfServers.set(server, (routes = new UpgradeRoutes(server)));
    return routes;
  }

  /** Returns what takes it back. */
  add(route: UpgradeRoute, events: ListeningEvents): () => void {
    const server = this.#server;
    if (this.#routes.size === 0) {
      server.on('upgrade', this.#onUpgrade).on('close', this.#onClose);
      // Once it listens its errors are the program's.
      if (!server.listening) server.on('listening', this.#onListening).on('error', this.#onError);
    }
    this.#routes.set(route, events);
    if (server.listening) events.listening(server.address());
    return () => {
      if (!this.#routes.delete(route) || this.#routes.size > 0) return;
      // Without a listener the server takes such a request for an ordinary one.
      server.off('upgrade', this.#onUpgrade).off('close', this.#onClose);
      this.#listens();
    };
  }

  #listens(): void {
    this.#server.off('listening', this.#onListening).off('error', this.#onError);
  }

  readonly #onListening = (): void => {
    this.#listens();
    for (const events of [...this.#routes.values()]) events.listening(this.#server.address());
  };

  readonly #onError = (error: Error): void => {
    for (const events of [...this.#routes.values()]) events.failed(error);
  };

  readonly #onClose = (): void => {
    for (const events of [...this.#routes.values()]) events.closed();
  };

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    let route: UpgradeRoute | undefined;
    try {
      route = [...this.#routes.keys()].find((one) => one.matches(request));
    } catch (error) {
      reportError(error);
      refuseUpgrade(socket, 500);
      return;
    }
    if (route !== undefined) route.take(request, socket, head);
    else if (this.#server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404);
  };
}
