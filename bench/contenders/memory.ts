import { setTimeout } from 'node:timers/promises';
import { heapInUse } from '../collectGarbage.js';

/** As long as it may take to hear of connections that the other end has closed. */
const SETTLE_MS = 100;

/** What this process has in use, in bytes. */
export async function memory(): Promise<{ heap: number; rss: number }> {
  await setTimeout(SETTLE_MS);
  const heap = await heapInUse();
  return { heap, rss: process.memoryUsage.rss() };
}
