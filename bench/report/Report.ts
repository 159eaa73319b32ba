import { arch, cpus, loadavg, platform } from 'node:os';
import { median, type Pace, type Result } from '../measure.js';
import type { Metric, Workload } from '../Workload.js';

export interface Row {
  readonly label: string;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** To the yardstick, the first row; above 1 is better. */
  readonly ratio: number;
  readonly samples: readonly number[];
}

export interface Comparison {
  readonly workload: string;
  readonly metric: Metric;
  readonly rows: readonly Row[];
}

/** A run of the bench, as it is kept in JSON. */
export interface Report {
  readonly date: string;
  readonly machine: string;
  readonly versions: readonly string[];
  readonly rounds: number;
  readonly leftOut: readonly string[];
  readonly comparisons: readonly Comparison[];
}

export function compare(workload: Workload, results: readonly Result[]): Comparison[] {
  return workload.metrics.map((metric, i) => {
    const [first] = results;
    const yardstick = first?.contender === workload.contenders[0] ? first!.samples[i]! : [];
    // Round by round: what slowed the machine down meanwhile slowed both down.
    const ratioIn = (value: number, round: number): number => {
      const own = yardstick[round] ?? NaN;
      return metric.lessIsBetter ? own / value : value / own;
    };
    const rows = results.map(({ contender: { label }, samples }) => ({
      label,
      median: median(samples[i]!),
      min: Math.min(...samples[i]!),
      max: Math.max(...samples[i]!),
      ratio: median(samples[i]!.map(ratioIn)),
      samples: samples[i]!,
    }));
    return { workload: workload.name, metric, rows };
  });
}

export function newReport(versions: readonly string[], pace: Pace, leftOut: readonly string[]): Report {
  return { ...circumstances(), versions, rounds: pace.rounds, leftOut, comparisons: [] };
}

/** When and where it runs. */
export function circumstances(): Pick<Report, 'date' | 'machine'> {
  const cores = cpus();
  const load = loadavg()[0]!.toFixed(1);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cores.length} cores (${cores[0]?.model.trim() || arch()}), ${platform()}, load ${load} at the start`,
  };
}
