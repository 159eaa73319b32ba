/**
 * The smoke test of a runtime, on the built package: a client and a server on TCP, a Unix socket, TLS and a WebSocket, ports
 * of a MessageChannel, and the backpressure of each. Plain JavaScript, so that every runtime takes it:
 *
 *   node scripts/smoke.js [REGEXP]     (bun …, deno run -A …)
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { firstValueFrom, lastValueFrom, of, Subscription, take, toArray } from 'rxjs';
import { converse, useConnection } from 'rxjs-net';
import { fromConnection, serverConnections$ } from 'rxjs-net/node';
import { fromMessagePort, fromWebSocket } from 'rxjs-net/web';
import { webSocketServerConnections$ } from 'rxjs-net/ws';
import { WebSocket as WebSocketOfWs } from 'ws';
import { authority, server as identity } from '../build/spec/spec/transports/node/certificates.js';

const folder = mkdtempSync(join(tmpdir(), 'rxjs-net-smoke-'));
const path = join(folder, 'socket');
const MEBIBYTE = 2 ** 20;
const TOTAL = 32 * MEBIBYTE;
let failed = 0;

/** @param {string} what @param {() => Promise<unknown>} test */
async function check(what, test) {
  try {
    const seen = await Promise.race([
      test(),
      new Promise((_, fail) => setTimeout(() => fail(new Error('not over within 10 s')), 10_000).unref()),
    ]);
    console.log(`ok      ${what}${seen === undefined ? '' : `: ${String(seen)}`}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${what}\n        ${error instanceof Error ? error.stack : String(error)}`);
  }
}

/** @param {unknown} actual @param {unknown} expected */
function equal(actual, expected) {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`expected ${wanted}, got ${found}`);
}

/** The handler of every server here: sends back each line. */
const echo = converse(function* (io) {
  while (!(yield* io.atEnd())) yield* io.send(`${yield* io.line()}\n`);
});

/**
 * Both ends of a new connection; neither reads yet.
 *
 * @param {import('rxjs').Observable<import('rxjs-net').Connection>} server$
 * @param {() => import('rxjs').Observable<import('rxjs-net').Connection>} client$ asked for once the server listens
 * @param {Promise<void>} listening
 * @returns {Promise<{ client: import('rxjs-net').Connection, server: import('rxjs-net').Connection, stop: () => void }>}
 */
async function connect(server$, client$, listening) {
  const running = new Subscription();
  /** @type {Promise<import('rxjs-net').Connection>} */
  const accepted = new Promise((found, fail) => {
    running.add(server$.subscribe({ next: found, error: fail }));
  });
  await listening;
  /** @type {Promise<import('rxjs-net').Connection>} */
  const connected = new Promise((found, fail) => {
    running.add(client$().subscribe({ next: found, error: fail }));
  });
  const [client, server] = await Promise.all([connected, accepted]);
  return { client, server, stop: () => running.unsubscribe() };
}

/** @param {import('rxjs-net').Connection} client @param {import('rxjs-net').Connection} server */
async function talk(client, server) {
  const served = lastValueFrom(of(server).pipe(useConnection(echo)), { defaultValue: undefined });
  client.writer.write('one\ntwo\n');
  equal(await lastValueFrom(client.reader.lines().pipe(take(2), toArray())), ['one', 'two']);
  client.writer.close();
  await firstValueFrom(client.writer.waitClosed());
  await served;
}

/**
 * The same, the other way.
 *
 * @param {import('rxjs-net').Connection} client @param {import('rxjs-net').Connection} server
 */
async function stallTheClient(client, server) {
  const flowControl = client.writer.getExtraInfo('flowControl');
  return flowControl === 'bound'
    ? 'not here, it is bound'
    : `${String(flowControl)}, ${await stallAndGoOn(server, client)}`;
}

/**
 * Writes until the peer, which does not read, has stopped it; then the peer reads all.
 *
 * @param {import('rxjs-net').Connection} client @param {import('rxjs-net').Connection} server
 */
async function stallAndGoOn({ writer }, { reader }) {
  const piece = new Uint8Array(65_536).fill(7);
  let written = 0;
  const sending = (async () => {
    for (; written < TOTAL; written += piece.length) {
      await lastValueFrom(writer.send(piece), { defaultValue: undefined });
    }
  })();
  // Until nothing moves any more.
  for (let before = -1; before !== written;) {
    before = written;
    await new Promise((done) => setTimeout(done, 300));
  }
  const stalledAt = written;
  if (stalledAt >= TOTAL) throw new Error('a peer that does not read stopped nobody');
  const all = await firstValueFrom(reader.readExactly(TOTAL));
  if (!all.every((byte) => byte === 7)) throw new Error('a byte was harmed');
  await sending;
  writer.close();
  await firstValueFrom(writer.waitClosed());
  return `stalled at ${(stalledAt / MEBIBYTE).toFixed(1)} MiB`;
}

/** @typedef {{ client: import('rxjs-net').Connection, server: import('rxjs-net').Connection, stop: () => void }} Ends */

/** @type {Record<string, () => Promise<Ends>>} */
const transports = {
  TCP: () => overServer({ port: 0, host: '127.0.0.1' }, (port) => ({ port, host: '127.0.0.1' })),
  'Unix socket': () => overServer({ path }, () => ({ path })),
  TLS: () =>
    overServer({ port: 0, host: '127.0.0.1', tls: identity }, (port) => ({
      port,
      host: 'localhost',
      tls: { ca: authority },
    })),
  MessagePort: () => {
    const { port1, port2 } = new MessageChannel();
    return connect(fromMessagePort(port2), () => fromMessagePort(port1), Promise.resolve());
  },
  'WebSocket with credits': () => overWebSocket({ credits: true }),
  'WebSocket without credits': () => overWebSocket({}),
};

/** @param {any} listen @param {(port: number) => any} connectTo */
function overServer(listen, connectTo) {
  let port = 0;
  /** @type {(value?: unknown) => void} */
  let onListening = () => {};
  const listening = new Promise((done) => (onListening = done));
  const server$ = serverConnections$({
    ...listen,
    onListening: (/** @type {any} */ server) => {
      port = server.addresses[0]?.port;
      onListening();
    },
  });
  return connect(server$, () => fromConnection(connectTo(port)), listening);
}

/** @param {import('rxjs-net/web').WebSocketOptions} options */
function overWebSocket(options) {
  let port = 0;
  /** @type {(value?: unknown) => void} */
  let onListening = () => {};
  const listening = new Promise((done) => (onListening = done));
  const server$ = webSocketServerConnections$({
    port: 0,
    host: '127.0.0.1',
    onListening: (/** @type {any} */ server) => {
      port = server.addresses[0]?.port;
      onListening();
    },
  });
  // Node 20 has no WebSocket of its own.
  const Socket = 'WebSocket' in globalThis ? globalThis.WebSocket : WebSocketOfWs;
  const open = (/** @type {string[]} */ protocols) => new Socket(`ws://127.0.0.1:${port}/`, protocols);
  return connect(server$, () => fromWebSocket(/** @type {any} */ (open), options), listening);
}

const tests = {
  lines: talk,
  'a server that does not read': stallAndGoOn,
  'a client that does not read': stallTheClient,
};
// Plain node:tls does the same there: half a gigabyte goes out to a socket that is paused.
const TLS_OF_DENO = 'Deno' in globalThis ? /^TLS, a .* does not read$/ : undefined;
const wanted = new RegExp(process.argv[2] ?? '');
for (const [name, make] of Object.entries(transports).filter(([name]) => wanted.test(name))) {
  for (const [what, test] of Object.entries(tests)) {
    if (TLS_OF_DENO?.test(`${name}, ${what}`)) {
      console.log(`known   ${name}, ${what}: the TLS of Deno takes whatever comes`);
      continue;
    }
    await check(`${name}, ${what}`, async () => {
      const { client, server, stop } = await make();
      try {
        return await test(client, server);
      } finally {
        stop();
        server.writer.abort();
      }
    });
  }
}
rmSync(folder, { recursive: true, force: true });
console.log(failed === 0 ? 'all passed' : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
