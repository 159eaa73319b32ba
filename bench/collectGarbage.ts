import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// As if started with --expose-gc: so whoever wants to know does not depend on how the process was started.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Until nothing more comes free: what is finalized, and what closes, lets go of more. */
export async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 4; i++) {
    collect();
    await setImmediate();
  }
}

/** Bytes in use by JavaScript, and outside of its heap on its behalf, behind a collection. */
export async function heapInUse(): Promise<number> {
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
