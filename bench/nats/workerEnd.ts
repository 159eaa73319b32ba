/** A process that works on frames, until it is killed: `workerEnd.js NATS`. Prints the id of each that is done. */
import { setTimeout } from 'node:timers/promises';
import { work } from '../../examples/nats/work.js';
import { openFrames } from '../../examples/nats/frames.js';

/** What a frame takes: so somebody who is killed is in the middle of some. */
const WORK_MS = 2;

const frames = await openFrames(process.argv[2]);
let errors = 0;
const done = async (line: string): Promise<void> => {
  await setTimeout(WORK_MS);
  // A pipe takes it before this returns: what is acknowledged after it has been told.
  process.stdout.write(`${line.slice(0, line.indexOf(' '))}\n`);
};
work(frames, done, {
  concurrency: 32,
  // Who is killed has had a delivery, too: here that may be the fate of the same frame many times.
  deadLetter: { js: frames.js, subject: 'frames.dead', maxDeliveries: 1000 },
  onError: (error) => {
    errors++;
    if (errors <= 3) console.error(`worker ${process.pid}: ${String(error)}`);
  },
}).subscribe();
