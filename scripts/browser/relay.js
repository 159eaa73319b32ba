import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { WebSocketServer } from 'ws';

/** Bytes that may wait for one end before the other is paused. */
const HIGH = 64 * 1024;
/** The close code by which an end that cannot break its connection has the other's broken. */
const BREAK = 4999;
/** A multiple of the pattern's period: each whole message of a flood is this one. */
const FLOOD_MESSAGE = Uint8Array.from({ length: 64 * 1024 }, (_, offset) => (offset * 31 + 7) & 255);

/**
 * A server for specs that need one to talk to, in Node and in browsers. Plain `ws`: nothing of the library under test.
 *
 *   /pair/ID              joins the two sockets that come with the same ID: each gets what the other sends, and its close
 *                         (4999, and a connection that breaks, break the other one); the relay answers a close at once
 *   /echo                 sends every message back
 *   /text                 sends the text "text ✓" and the bytes 0, 1, 254, 255
 *   /flood?bytes=N&id=ID  sends N bytes as fast as they are taken, in messages of 64 KiB, and closes with 1000; the byte
 *                         at offset i is (i * 31 + 7) & 255
 *   /close/CODE?reason=…  closes at once; 1005 is a close without a code
 *   /terminate            breaks the connection at once
 *   /refuse               answers the handshake with 403
 *   GET /flood/sent?id=ID how many bytes of that flood the system has taken
 *
 * Of the subprotocols that are offered it accepts the first; with `?protocol=NAME` that one, offered or not; with
 * `?protocol=` none.
 *
 * `silentUrl` never answers a handshake. It is another port since Chromium connects to a port's WebSockets one after
 * the other.
 *
 * @returns {Promise<{ url: string, silentUrl: string, close: () => Promise<void> }>} the URLs have no slash at their end
 */
export async function startRelay() {
  const server = createServer();
  const webSockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (offered, request) => queryOf(request).get('protocol') ?? [...offered][0] ?? false,
  });
  const routes = makeRoutes();

  server.on('request', (request, response) => {
    const sent = routes.floods.get(queryOf(request).get('id') ?? '');
    const found = pathOf(request) === '/flood/sent' && sent !== undefined;
    // Nothing is to be left open behind a spec.
    response.writeHead(found ? 200 : 404, { 'access-control-allow-origin': '*', connection: 'close' });
    response.end(found ? String(sent) : '');
  });
  server.on('upgrade', (request, socket, head) => {
    const [, name = '', argument = ''] = pathOf(request).split('/');
    const route = routes.webSocket[name];
    if (route === undefined) {
      const status = name === 'refuse' ? '403 Forbidden' : '404 Not Found';
      socket.once('finish', () => socket.destroy());
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    } else {
      webSockets.handleUpgrade(request, socket, head, (webSocket) => {
        // What is wrong with a frame is told by the close that follows.
        webSocket.on('error', () => {});
        route(webSocket, decodeURIComponent(argument), queryOf(request));
      });
    }
  });

  const silent = createTcpServer((socket) => socket.resume());
  const [main, other] = [await listen(server), await listen(silent)];
  return {
    url: `ws://127.0.0.1:${main.port}`,
    silentUrl: `ws://127.0.0.1:${other.port}`,
    async close() {
      await Promise.all([main.close(), other.close()]);
    },
  };
}

/** @param {import('node:net').Server} server */
async function listen(server) {
  /** @type {Set<import('node:net').Socket>} */
  const connections = new Set();
  server.on('connection', (socket) => {
    connections.add(socket);
    // A peer that resets it is what specs are for.
    socket.on('error', () => {});
    socket.once('close', () => connections.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}

/** @typedef {import('ws').WebSocket} WebSocket */

function makeRoutes() {
  /** @type {Map<string, PairEnd>} */
  const waiting = new Map();
  /** Bytes that the system has taken, by the flood's id. @type {Map<string, number>} */
  const floods = new Map();
  /** @type {Partial<Record<string, (socket: WebSocket, argument: string, query: URLSearchParams) => void>>} */
  const webSocket = {
    pair(socket, id) {
      const end = new PairEnd(socket);
      const first = waiting.get(id);
      if (first === undefined) {
        waiting.set(id, end);
        return;
      }
      waiting.delete(id);
      first.join(end);
      end.join(first);
    },
    echo(socket) {
      const end = new PairEnd(socket);
      end.join(end);
    },
    text(socket) {
      socket.send('text ✓');
      socket.send(Uint8Array.of(0, 1, 254, 255));
    },
    flood(socket, _, query) {
      const id = query.get('id') ?? '';
      const bytes = Number(query.get('bytes'));
      flood(socket, bytes, (sent) => floods.set(id, sent));
    },
    close(socket, code, query) {
      closeLike(socket, Number(code), query.get('reason') ?? '');
    },
    terminate(socket) {
      socket.terminate();
    },
  };
  return { floods, webSocket };
}

/** Hands on what its socket receives to the one it is joined with, and until then keeps it. */
class PairEnd {
  #socket;
  /** @type {WebSocket | undefined} */
  #other;
  /** @type {((other: WebSocket) => void)[]} */
  #kept = [];

  /** @param {WebSocket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on('message', (data, isBinary) => this.#whenJoined((other) => this.#send(other, data, isBinary)));
    socket.on('close', (code, reason) => this.#whenJoined((other) => closeLike(other, code, reason)));
  }

  /** @param {PairEnd} end */
  join(end) {
    this.#other = end.#socket;
    for (const step of this.#kept.splice(0)) step(this.#other);
  }

  /** @param {(other: WebSocket) => void} step */
  #whenJoined(step) {
    if (this.#other === undefined) this.#kept.push(step);
    else step(this.#other);
  }

  /** @param {WebSocket} other @param {import('ws').RawData} data @param {boolean} isBinary */
  #send(other, data, isBinary) {
    if (other.readyState !== other.OPEN) return;
    other.send(data, { binary: isBinary }, () => {
      if (other.bufferedAmount < HIGH) this.#socket.resume();
    });
    if (other.bufferedAmount >= HIGH) this.#socket.pause();
  }
}

/** @param {WebSocket} socket @param {number} code as of the event `close` @param {string | Buffer} reason */
function closeLike(socket, code, reason) {
  // It may be paused, and would not see the other's answer.
  socket.resume();
  if (code === 1006 || code === BREAK) socket.terminate();
  else if (code === 1005) socket.close();
  else socket.close(code, reason);
}

/** @param {WebSocket} socket @param {number} bytes @param {(sent: number) => void} progress */
function flood(socket, bytes, progress) {
  let sent = 0;
  function next() {
    progress(sent);
    if (sent === bytes) {
      socket.close(1000);
      return;
    }
    const message = FLOOD_MESSAGE.subarray(0, Math.min(FLOOD_MESSAGE.length, bytes - sent));
    socket.send(message, (error) => {
      if (error) return;
      sent += message.length;
      next();
    });
  }
  next();
}

/** @param {import('node:http').IncomingMessage} request */
function pathOf(request) {
  return new URL(request.url ?? '/', 'http://relay').pathname;
}

/** @param {import('node:http').IncomingMessage} request */
function queryOf(request) {
  return new URL(request.url ?? '/', 'http://relay').searchParams;
}
