/**
 * `npm run bench:nats`: 100,000 frames from a peer of TCP through a server to JetStream, and from there to workers, each in
 * a process of its own. Every second a worker is killed in the middle of its frames, and in between NATS itself. Ends with 1
 * if a frame was lost, or if a process needs more and more memory. `npm run bench:nats -- --frames=5000` is a shorter one.
 */
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openFrames } from '../examples/nats/frames.js';
import { NatsProgram } from './nats/NatsProgram.js';
import { processUsage } from './processUsage.js';
import { startChild } from './Worker.js';

const WORKERS = 4;
const KILL_EVERY_MS = 1000;
/** Without a frame for so long it has failed. */
const PATIENCE_MS = 60_000;
/** A process of Node has 60 MiB before it does anything, and collects its garbage late. */
const MOST_MEMORY = 256 * 2 ** 20;

const { values: options } = parseArgs({ options: { frames: { type: 'string', default: '100000' } } });
const frames = Number(options.frames);
if (!(Number.isInteger(frames) && frames >= 1)) {
  console.error(`--frames must be a positive integer, not ${options.frames}`);
  process.exit(1);
}

/** Peak memory, in bytes, of the processes of each kind. */
const peaks = new Map<string, number>();
const watched = new Map<ChildProcess, string>();
/** How often each frame was done. */
const times = new Uint16Array(frames);
let done = 0;
let repeats = 0;
let kills = 0;
let retries = { full: 0, other: 0 };
let peerReport = { sent: 0, answers: 0 };
/** Sent and not yet done: the most that the peer was ahead of the workers. */
let ahead = 0;

function start(kind: string, file: string, args: string[], onLine: (line: string) => void): ChildProcess {
  const path = fileURLToPath(new URL(`nats/${file}.js`, import.meta.url));
  const child = startChild(process.execPath, [path, ...args], ['ignore', 'pipe', 'inherit']);
  createInterface({ input: child.stdout! }).on('line', onLine);
  watched.set(child, kind);
  child.on('exit', () => watched.delete(child));
  return child;
}

function measure(): void {
  const note = (kind: string, pid: number): void => {
    try {
      const { peakRss } = processUsage(pid);
      // Without a number it has ended.
      if (peakRss > (peaks.get(kind) ?? 0)) peaks.set(kind, peakRss);
    } catch {
      // It is gone.
    }
  };
  for (const [child, kind] of watched) note(kind, child.pid!);
  note('nats-server', nats.pid);
  ahead = Math.max(ahead, peerReport.sent - done);
}

interface FrameWorker {
  readonly child: ChildProcess;
  busy: boolean;
}

function startOneWorker(): FrameWorker {
  const child = start('workers', 'workerEnd', [nats.address], (line) => {
    worker.busy = true;
    const id = Number(line);
    if (times[id]!++ === 0) done++;
    else repeats++;
  });
  const worker: FrameWorker = { child, busy: false };
  return worker;
}

/** In the middle of its frames: not while it starts, which may take longer on a machine that is busy. */
function killOne(): void {
  const victim = workers.find(({ busy }) => busy);
  if (victim === undefined) return;
  kills++;
  victim.child.kill('SIGKILL');
  workers.splice(workers.indexOf(victim), 1);
  workers.push(startOneWorker());
}

function progress(): void {
  const { sent, answers } = peerReport;
  const text = `${sent} sent, ${answers} stored, ${done} done, ${repeats} of them again, ${kills} workers killed`;
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}

const nats = await NatsProgram.start();
const startedAt = performance.now();
let natsRestarts = 0;
let port: (value: number) => void;
const listening = new Promise<number>((resolve) => (port = resolve));
start('ingest', 'ingestEnd', [nats.address], (line) => {
  const report = JSON.parse(line) as { port?: number; full: number; other: number };
  if (report.port === undefined) retries = report;
  else port(report.port);
});
const workers = Array.from({ length: WORKERS }, startOneWorker);
start('peer', 'peerEnd', [String(await listening), String(frames)], (line) => {
  peerReport = JSON.parse(line) as typeof peerReport;
});

let lastProgress = 0;
let lastKill = performance.now();
let lastFrame = { done: 0, at: performance.now() };
for (;;) {
  await setTimeout(100);
  const now = performance.now();
  measure();
  if (now - lastProgress > (process.stderr.isTTY ? 200 : 5000)) {
    lastProgress = now;
    progress();
  }
  if (done > lastFrame.done) lastFrame = { done, at: now };
  if ((done === frames && peerReport.answers === frames) || now - lastFrame.at > PATIENCE_MS) break;
  if (now - lastKill > KILL_EVERY_MS && done < frames) {
    lastKill = now;
    killOne();
  }
  if (natsRestarts === 0 && done > frames / 2) {
    natsRestarts++;
    await nats.restart();
  }
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const seconds = (performance.now() - startedAt) / 1000;
const { nc, js } = await openFrames(nats.address);
const jsm = await js.jetstreamManager();
const left = (await jsm.streams.info('FRAMES')).state.messages;
const dead = (await jsm.streams.info('DEAD')).state.messages;
await nc.close();
const lost = times.reduce((count, n) => count + (n === 0 ? 1 : 0), 0);
console.log(`${frames} frames in ${seconds.toFixed(0)} s, ${(done / seconds).toFixed(0)} a second`);
console.log(
  `  lost: ${lost}; left in the stream: ${left}; dead letters: ${dead}; done again: ${repeats}; answered to the peer: ${peerReport.answers}`,
);
console.log(`  workers killed: ${kills} (${WORKERS} at a time); restarts of nats-server: ${natsRestarts}`);
console.log(`  the stream was full ${retries.full} times; ${retries.other} times JetStream did not answer`);
console.log(`  the peer was at most ${ahead} frames ahead of the workers`);
for (const [kind, peak] of peaks) console.log(`  peak memory, ${kind}: ${(peak / 2 ** 20).toFixed(0)} MiB`);

const failures: string[] = [];
if (lost > 0) failures.push(`${lost} frames are lost`);
if (peerReport.answers < frames) failures.push('the peer was not told of all');
for (const [kind, peak] of peaks) if (peak > MOST_MEMORY) failures.push(`${kind} needs too much memory`);
for (const failure of failures) console.error(`FAILED ${failure}`);
for (const child of watched.keys()) child.kill('SIGKILL');
nats.stop();
process.exit(failures.length > 0 ? 1 : 0);
