import { readFileSync, writeFileSync } from 'node:fs';

/** Clock ticks of /proc: 100 a second on every Linux of today. */
const TICKS = 100;

export interface ProcessUsage {
  readonly cpuSeconds: number;
  readonly rss: number;
  readonly peakRss: number;
}

/** What a process has used so far, as Linux tells it; NaN elsewhere. Memory in bytes. */
export function processUsage(pid: number): ProcessUsage {
  if (process.platform !== 'linux') return { cpuSeconds: NaN, rss: NaN, peakRss: NaN };
  const [, afterName] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ');
  const fields = afterName!.split(' ');
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const bytes = (name: string): number =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
    rss: bytes('VmRSS'),
    peakRss: bytes('VmHWM'),
  };
}

/** From here on `peakRss` counts anew. */
export function resetPeak(pid: number): void {
  if (process.platform === 'linux') writeFileSync(`/proc/${pid}/clear_refs`, '5');
}
