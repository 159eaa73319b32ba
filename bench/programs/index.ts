import { handWritten, nodeTools, rxjsNet, webStreams } from './node.js';
import { effect, split2 } from './peers.js';
import type { Program } from './Program.js';
import { asyncio, uvloop } from './python.js';
import { redis } from './redis.js';

export { otherEnd } from './node.js';
export { redisBenchmark } from './redis.js';

/** All that are compared. */
export const programs: readonly Program[] = [
  rxjsNet,
  handWritten,
  nodeTools,
  webStreams,
  split2,
  effect,
  asyncio,
  uvloop,
  redis,
];
