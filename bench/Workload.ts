import type { Program } from './programs/Program.js';
import type { Worker } from './Worker.js';

/** A number that a run gives. */
export interface Metric {
  readonly title: string;
  readonly unit: string;
  /** Latency, memory: less is better. Ratios are turned round then, so that above 1 is always better. */
  readonly lessIsBetter?: boolean;
  /** What rxjs-net aims at: a ratio to the yardstick. */
  readonly aim?: number;
  /** Left out of the chart. */
  readonly tableOnly?: boolean;
  /** Not a matter of ratios. */
  readonly absolute?: boolean;
}

/** One way of doing the work: a program, and which of its jobs it is. */
export interface Contender {
  readonly label: string;
  readonly program: Program;
  readonly job: string;
}

export interface Sample {
  /** How long the run took. */
  readonly seconds: number;
  /** One for each metric. */
  readonly values: readonly number[];
}

/** Does so many units of the work. */
export type Run = (amount: number) => Promise<Sample>;

/** The processes at the other end. */
export interface OtherEnds {
  readonly source: Worker;
  readonly sink: Worker;
}

export interface Workload {
  /** To pick it by, on the command line. */
  readonly name: string;
  readonly metrics: readonly Metric[];
  /** The first is the yardstick. */
  readonly contenders: readonly Contender[];
  /** How many units the first run does; those that are measured do as many as fit into their time. */
  readonly amount: number;
  /** Each run does exactly `amount`, in a process that has done nothing else. */
  readonly fresh?: boolean;
  /** Makes a contender ready. */
  prepare(worker: Worker, job: string, ends: OtherEnds): Run | Promise<Run>;
}
