interface Relay {
  /** Such as `ws://127.0.0.1:5000`: the paths below it stand in scripts/browser/relay.js. */
  readonly url: string;
  /** Connects, and never answers the handshake. */
  readonly silentUrl: string;
  /** The browser's own, in Node that of `ws`. */
  readonly WebSocket: typeof WebSocket;
}

/** The server that specs in Node and in browsers talk to. Whoever runs the specs has started it, and stops it. */
export const relay = (globalThis as unknown as { readonly relay: Relay }).relay;

let ids = 0;

/** A URL of the relay that no other spec uses: the two sockets that connect to it are joined. */
export function pairUrl(): string {
  return `${relay.url}/pair/${newId()}`;
}

/** An ID that no other spec uses. */
export function newId(): string {
  return String(ids++);
}
