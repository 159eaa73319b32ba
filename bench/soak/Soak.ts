import { getEventListeners, setMaxListeners } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import type { ClientTlsOptions, ServerTlsOptions } from 'rxjs-net/node';
import { heapInUse } from '../collectGarbage.js';
import { SoakClient } from './SoakClient.js';
import { SoakServer } from './SoakServer.js';

/** An even number for each third. */
const SAMPLES = 18;
const PATIENCE_MS = 5000;

export interface SoakResult {
  /** Bytes in use, as the run went on. */
  readonly heap: readonly number[];
  readonly failures: readonly string[];
}

/** Connections in a row, and crowds of them, over TCP or TLS. */
export async function soak(
  { connections, crowd }: { connections: number; crowd: number },
  tls: { server: ServerTlsOptions; client: ClientTlsOptions } | undefined,
  progress: (done: number, heap: number) => void,
): Promise<SoakResult> {
  // They live longer than every connection: their listeners have to come off again.
  const ofServer = new AbortController();
  const ofClients = new AbortController();
  // Each client that is given a signal listens to it, and here that are many.
  setMaxListeners(0, ofClients.signal);
  const server = new SoakServer();
  await server.start({ signal: ofServer.signal, ...(tls === undefined ? {} : { tls: tls.server }) });
  const client = new SoakClient(server, tls?.client, ofClients.signal);

  const inARow = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) await client.next();
  };
  const atOnce = async (): Promise<void> => {
    await client.crowd(crowd);
    await settle(server);
  };

  // What is compiled and cached in the beginning is no leak.
  await inARow(Math.ceil(connections / 10));
  await atOnce();
  const listeners = server.listeners;

  const heap: number[] = [];
  for (let i = 0; i < SAMPLES; i++) {
    // Once in each third, in front: the thirds are to be alike.
    if (i % (SAMPLES / 3) === 0) await atOnce();
    await inARow(Math.ceil(connections / SAMPLES));
    await settle(server);
    heap.push(await heapInUse());
    progress((i + 1) / SAMPLES, heap.at(-1)!);
  }
  if (server.active > 0) server.failures.push(`${server.active} connections are still open`);
  if (server.listeners > listeners) {
    server.failures.push(`the server has ${server.listeners} listeners, and had ${listeners}`);
  }
  await server.stop();
  for (const [name, { signal }] of Object.entries({ server: ofServer, clients: ofClients })) {
    const left = getEventListeners(signal, 'abort').length;
    if (left > 0) server.failures.push(`${left} listeners are left on the signal of the ${name}`);
  }
  return { heap, failures: server.failures };
}

/** What has been closed on one side may still be open on the other. */
async function settle(server: SoakServer): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  do await setTimeout(10);
  while (server.active > 0 && performance.now() < end);
}
