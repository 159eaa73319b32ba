/**
 * A program for warnIfLeaked.node.spec.ts, run with `--expose-gc`: plays the scenario it is given, and tells in one line
 * of JSON what came of it.
 */
import { subscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { openConnection } from '../../src/observables/openConnection.js';
import { fromServer } from '../../src/server/fromServer.js';
import { webSocketServerConnections$ } from '../../src/server/webSocketServerConnections.js';
import type { Connection } from '../../src/streams/Connection.js';
import { connectionChannels } from '../../src/transports/node/diagnostics.js';

const host = '127.0.0.1';
const warnings: string[] = [];
const ended: string[] = [];
const accepted: Socket[] = [];

process.on('warning', (warning) => warnings.push(String((warning as NodeJS.ErrnoException).code)));

const peer: NetServer = createServer({ allowHalfOpen: true }, (socket) => {
  const name = `peer ${accepted.push(socket)}`;
  socket
    .resume()
    .on('end', () => ended.push(name))
    .on('error', () => ended.push(`${name} reset`));
}).listen(0, host);
await once(peer, 'listening');
const { port } = peer.address() as AddressInfo;

async function collectUntil(condition: () => boolean, attempts = 200): Promise<void> {
  for (let i = 0; i < attempts && !condition(); i++) {
    globalThis.gc!();
    await turn();
  }
}

// The others are collected at the first or the second attempt.
async function collect(): Promise<void> {
  await collectUntil(() => false, 20);
}

async function open(use: (connection: Connection) => unknown, options = {}): Promise<unknown> {
  const before = accepted.length;
  // In a function of its own: what stands on the stack of a frame that goes on is not collected.
  const result = await openConnection({ host, port, ...options }).then((connection) => use(connection));
  while (accepted.length === before) await turn();
  return result;
}

const forget = (): undefined => undefined;

// Nobody has the connection but whoever waits, until the peer resets it.
async function waited(wait: (writer: Connection['writer'], told: () => void) => unknown): Promise<string[]> {
  const log: string[] = [];
  await open(({ writer }) => void wait(writer, () => log.push('told')));
  await collect();
  accepted[0]!.resetAndDestroy();
  while (log.length === 0) await turn();
  return log;
}

const scenarios: Record<string, () => Promise<unknown>> = {
  async 'two that nobody has'() {
    await open(forget);
    await open(forget);
    await collectUntil(() => ended.length === 2);
  },

  async 'one that was accepted'() {
    const addresses: AddressInfo[] = [];
    const server = fromServer({ host, port: 0 }).subscribe((value) => {
      addresses.push(value.addresses[0] as AddressInfo);
      value.connections$.subscribe(forget);
    });
    while (addresses.length === 0) await turn();
    const client = connect(addresses[0]!.port, host).resume();
    client.on('end', () => ended.push('client'));
    await collectUntil(() => ended.length > 0);
    server.unsubscribe();
  },

  async 'one whose messages are kept'() {
    const messages: unknown[] = [];
    for (const name of Object.values(connectionChannels))
      subscribe(name, (message) => messages.push(message));
    await open(({ reader, writer }) => {
      writer.write('hello');
      reader.read(5).subscribe();
    });
    accepted[0]!.write('hello');
    await collectUntil(() => ended.length > 0);
    return messages.length;
  },

  async 'one on a WebSocket'() {
    const ports: number[] = [];
    const onListening = ({ addresses }: { addresses: readonly { port: number }[] }): void => {
      ports.push(addresses[0]!.port);
    };
    const server = webSocketServerConnections$({ host, port: 0, onListening }).subscribe(forget);
    while (ports.length === 0) await turn();
    const client = new WebSocket(`ws://${host}:${ports[0]}`);
    client.on('close', (code) => ended.push(`client ${code}`));
    await once(client, 'open');
    await collectUntil(() => ended.length > 0);
    server.unsubscribe();
  },

  async 'one that was read from and written to'() {
    await open(({ reader, writer }) => {
      writer.write('hello');
      reader.read(5).subscribe();
    });
    accepted[0]!.write('hello');
    await collectUntil(() => ended.length > 0);
  },

  async 'one with a signal that is kept'() {
    const { signal } = new AbortController();
    await open(forget, { signal });
    await collectUntil(() => ended.length > 0);
    return signal.aborted;
  },

  async 'one whose peer does not take what was written'() {
    const socket = (await open(
      ({ writer }) => {
        writer.write(new Uint8Array(64 * 2 ** 20));
        return writer.getExtraInfo('socket');
      },
      { closeTimeout: 5 },
    )) as Socket;
    accepted[0]!.pause();
    // The peer does not read, so it ends only by force.
    await collectUntil(() => socket.closed);
    return socket.writableFinished;
  },

  async 'one whose reader is reading'() {
    const lines: string[] = [];
    await open(
      ({ reader }) => void reader.lines().subscribe({ next: (line) => lines.push(line), error: forget }),
    );
    await collect();
    accepted[0]!.write('still there\n');
    while (lines.length === 0) await turn();
    return lines;
  },

  async 'one whose read waits'() {
    const lines: string[] = [];
    await open(({ reader }) => void reader.readLine().subscribe((line) => lines.push(String(line.length))));
    await collect();
    accepted[0]!.write('still there\n');
    while (lines.length === 0) await turn();
    return lines;
  },

  async 'one whose end is waited for'() {
    return waited((writer, told) => writer.waitClosed().subscribe({ error: told }));
  },

  async 'one whose drain$ is waited for'() {
    return waited((writer, told) => writer.drain$.subscribe({ complete: told }));
  },

  async 'one whose paused$ is waited for'() {
    return waited((writer, told) => writer.paused$.subscribe({ complete: told }));
  },

  async 'one whose writer is kept'() {
    const writer = (await open((connection) => connection.writer)) as Connection['writer'];
    await collect();
    return writer.isClosing();
  },

  async 'one whose reader is kept'() {
    const reader = (await open((connection) => connection.reader)) as Connection['reader'];
    await collect();
    return reader.atEof();
  },

  async 'some that are closed, aborted or lost'() {
    await open(({ writer }) => writer.close());
    await open(({ writer }) => writer.abort());
    peer.once('connection', (socket: Socket) => socket.once('data', () => socket.resetAndDestroy()));
    await open(({ writer }) => {
      writer.write('hello');
      return firstValueFrom(writer.waitClosed()).catch(forget);
    });
    await collect();
  },

  async 'one that a subscription owns'() {
    fromConnection({ host, port }).subscribe();
    while (accepted.length === 0) await turn();
    await collect();
  },
};

const result = await scenarios[process.argv[2]!]!();
process.stdout.write(JSON.stringify({ warnings, ended, result }));
process.exit();
