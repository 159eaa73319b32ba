/**
 * `npm run bench:soak`: thousands of connections, over TCP and TLS, in a row and all at once; a quarter of them is
 * reset in the middle of a read, of a write or of a handshake. Ends with 1 if anything is left behind by then: memory,
 * sockets, timers, listeners. `npm run bench:soak -- --connections=1000` is a shorter one.
 */
import { setTimeout } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { authority, server } from '../spec/transports/node/certificates.js';
import { collectGarbage } from './collectGarbage.js';
import { median } from './measure.js';
import { soak } from './soak/Soak.js';
import { countListeners } from './soak/SoakServer.js';

/** How long the last timers and sockets may take to go. */
const PATIENCE_MS = 5000;
/** What the heap may grow by in any case: pages that are half full, code that is compiled late. */
const NOISE = 128 * 1024;

const { values: options } = parseArgs({ options: { connections: { type: 'string', default: '10000' } } });
const connections = Number(options.connections);
if (!(Number.isInteger(connections) && connections >= 1)) {
  console.error(`--connections must be a positive integer, not ${options.connections}`);
  process.exit(1);
}
const crowd = Math.ceil(connections / 10);
const secured = { server: { ...server }, client: { ca: authority } };

function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(0)} KiB`;
}

/** What keeps the process alive, by name. */
function resources(): string[] {
  return process.getActiveResourcesInfo().sort();
}

/** What the list has that the other one had not. */
function added(now: readonly string[], before: readonly string[]): string[] {
  const rest = [...before];
  return now.filter((name) => {
    const at = rest.indexOf(name);
    if (at !== -1) rest.splice(at, 1);
    return at === -1;
  });
}

/** Whether the heap has grown by more than it goes up and down, from the first third of a run to the last. */
function growth(heap: readonly number[]): { line: string; leaks: boolean } {
  const third = heap.length / 3;
  const first = heap.slice(0, third);
  const last = heap.slice(-third);
  const grown = median(last) - median(first);
  const noise = Math.max(NOISE, Math.max(...first) - Math.min(...first));
  const apart = Math.round((connections * 2) / 3);
  const line =
    `heap ${kib(median(first))} in the first third, ${kib(median(last))} in the last: ` +
    `${(grown / apart).toFixed(1)} bytes for each connection between; noise ${kib(noise)}`;
  return { line, leaks: grown > noise };
}

const failures: string[] = [];
// Of lost connections, and of listeners that are too many.
process.on('warning', ({ message }) => failures.push(`a warning: ${message}`));
// What they open is there before and after.
for (const stream of [process.stdout, process.stderr]) stream.write('');
const resourcesBefore = resources();
const listenersBefore = countListeners(process);

for (const [name, tls] of [
  ['TCP', undefined],
  ['TLS', secured],
] as const) {
  const start = performance.now();
  const progress = (done: number, heap: number): void => {
    const text = `${name}: ${Math.round(done * 100)} %, heap ${kib(heap)}`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  };
  const result = await soak({ connections, crowd }, tls, progress);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const { line, leaks } = growth(result.heap);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${name}: ${connections} connections in a row, 3 times ${crowd} at once, ${seconds} s`);
  console.log(`  ${line}`);
  if (leaks) failures.push(`${name}: the heap grows`);
  failures.push(...new Set(result.failures.map((failure) => `${name}: ${failure}`)));
}

const end = performance.now() + PATIENCE_MS;
let left: string[];
do {
  await setTimeout(50);
  await collectGarbage();
  left = added(resources(), resourcesBefore);
} while (left.length > 0 && performance.now() < end);
const listeners = countListeners(process) - listenersBefore;
console.log(`Left: ${left.length === 0 ? 'no sockets, no timers' : left.join(', ')}`);
console.log(`Listeners of the process: ${listeners} more than before`);
if (left.length > 0) failures.push('something keeps the process alive');
if (listeners > 0) failures.push('the process has more listeners');

for (const failure of failures) console.error(`FAILED ${failure}`);
if (failures.length > 0) process.exitCode = 1;
