import { connections, proxiedConnections } from './connections.js';
import { gateway } from './gateway.js';
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
  gateway,
  roundTrips,
  connections,
  proxiedConnections,
  idleConnections,
  slowConsumer,
];
