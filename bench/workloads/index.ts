import { connections } from './connections.js';
import { idleConnections } from './idleConnections.js';
import { proxy } from './proxy.js';
import { redisBenchmarks } from './redisBenchmark.js';
import { roundTrips } from './roundTrips.js';
import { slowConsumer } from './slowConsumer.js';
import { streams } from './streams.js';
import type { Workload } from '../Workload.js';

export const workloads: readonly Workload[] = [
  ...redisBenchmarks,
  ...streams,
  proxy,
  roundTrips,
  connections,
  idleConnections,
  slowConsumer,
];
