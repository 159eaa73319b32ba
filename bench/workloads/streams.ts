import { handWritten, nodeTools, rxjsNet, webStreams } from '../programs/node.js';
import { effect, split2 } from '../programs/peers.js';
import { asyncio, uvloop } from '../programs/python.js';
import type { Contender, Metric, Workload } from '../Workload.js';

/** Workloads in which the contender reads a stream to its end: the rate is what is measured. */
function stream(
  name: string,
  metric: Metric,
  unit: { job: 'sendLines' | 'sendFrames'; size: number; amount: number; perUnit?: number },
  contenders: readonly Contender[],
): Workload {
  const { job: send, size, amount: first, perUnit = 1 } = unit;
  return {
    name,
    metrics: [metric],
    contenders,
    amount: first,
    prepare:
      (worker, job, { source }) =>
      async (amount) => {
        const { port } = await source.ask<{ port: number }>(send, { size, amount });
        const { seconds } = await worker.ask(job, { port, size, amount });
        return { seconds, values: [(amount * perUnit) / seconds] };
      },
  };
}

const KiB64 = 65536;

const bulk = stream(
  'bulk',
  { title: 'bulk, chunk by chunk', unit: 'GB/s', aim: 0.95 },
  { job: 'sendLines', size: KiB64, amount: 2000, perUnit: KiB64 / 1e9 },
  [
    { label: 'hand-written', program: handWritten, job: 'chunks' },
    { label: 'rxjs-net chunks()', program: rxjsNet, job: 'chunks' },
    { label: 'for await', program: nodeTools, job: 'forAwait' },
    { label: 'Web Streams', program: webStreams, job: 'chunks' },
    { label: 'asyncio', program: asyncio, job: 'chunks' },
    { label: 'uvloop', program: uvloop, job: 'chunks' },
  ],
);

function lines(size: number): Workload {
  return stream(
    `lines-${size}`,
    { title: `lines of ${size} bytes`, unit: 'lines/s', aim: 0.9 },
    { job: 'sendLines', size, amount: 50_000 },
    [
      { label: 'hand-written', program: handWritten, job: 'lines' },
      { label: 'rxjs-net lines()', program: rxjsNet, job: 'lines' },
      { label: 'readline', program: nodeTools, job: 'readline' },
      { label: 'split2', program: split2, job: 'lines' },
      { label: 'Web Streams', program: webStreams, job: 'lines' },
      { label: 'Effect', program: effect, job: 'lines' },
      { label: 'asyncio', program: asyncio, job: 'lines' },
      { label: 'uvloop', program: uvloop, job: 'lines' },
    ],
  );
}

const reads = stream(
  'reads',
  { title: 'one read for each line of 32 bytes', unit: 'reads/s' },
  { job: 'sendLines', size: 32, amount: 20_000 },
  [
    { label: 'hand-written', program: handWritten, job: 'readUntil' },
    { label: 'rxjs-net readUntil()', program: rxjsNet, job: 'readUntil' },
    { label: 'asyncio', program: asyncio, job: 'readUntil' },
    { label: 'uvloop', program: uvloop, job: 'readUntil' },
  ],
);

const frames = stream(
  'frames',
  { title: 'frames of 4 + 100 bytes', unit: 'frames/s', aim: 0.9 },
  { job: 'sendFrames', size: 100, amount: 20_000 },
  [
    { label: 'hand-written', program: handWritten, job: 'frames' },
    { label: 'rxjs-net lengthPrefixed()', program: rxjsNet, job: 'frames' },
    { label: 'rxjs-net generator', program: rxjsNet, job: 'framesByGenerator' },
    { label: 'asyncio', program: asyncio, job: 'frames' },
    { label: 'uvloop', program: uvloop, job: 'frames' },
  ],
);

export const streams: readonly Workload[] = [bulk, lines(20), lines(100), lines(1000), reads, frames];
