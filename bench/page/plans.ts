import { MiB, PARTS, type Plan, type TransferResult } from './Transfer.js';

/** Each way, in each direction. Nothing can stop who sends to a plain `WebSocket`: so that is also tried without a stall. */
export const plans: readonly Plan[] = [
  { name: 'WebSocketStream down', kind: 'WebSocketStream', direction: 'down', stalls: true },
  { name: 'credits down', kind: 'credits', direction: 'down', stalls: true },
  { name: 'WebSocket down', kind: 'WebSocket', direction: 'down', stalls: false },
  {
    name: 'WebSocket down, stalled',
    kind: 'WebSocket',
    direction: 'down',
    stalls: true,
    fails: 'ReceiveLimitError',
  },
  { name: 'WebSocketStream up', kind: 'WebSocketStream', direction: 'up', stalls: true },
  { name: 'credits up', kind: 'credits', direction: 'up', stalls: true },
  { name: 'WebSocket up', kind: 'WebSocket', direction: 'up', stalls: true },
];

const FLOW_CONTROL = { WebSocketStream: 'stream', credits: 'credit', WebSocket: 'bound' };

/** Bytes between both ends of a stalled transfer: most of them are in the kernel, which has two connections to fill. */
const MOST_AHEAD = 32 * MiB;
/** Bytes that may wait in a page whose connection is then lost, and as many that were on their way. */
const MOST_AHEAD_OF_LOSS = 64 * MiB;
/** Bytes of any process above what it began with. Garbage is collected late, and that is most of it. */
const MOST_MEMORY = 160 * MiB;

/** What is not as it has to be. */
export function problemsOf(result: TransferResult): string[] {
  const { kind, flowControl, stalls, ahead = NaN, rest, outcome, fails, received, bytes, memory } = result;
  const problems: string[] = [];
  const expect = (isMet: boolean, problem: string): void => {
    if (!isMet) problems.push(problem);
  };
  const isRight =
    fails === undefined ? outcome === 'complete' && received === bytes : outcome.includes(fails);
  expect(isRight, fails === undefined ? outcome : `no ${fails}, but ${outcome}`);
  expect(flowControl === FLOW_CONTROL[kind], `its flow control is ${flowControl}`);
  if (isRight && stalls) {
    // Where it is not stopped, all of the rest is ahead.
    const most = fails === undefined ? Math.min(MOST_AHEAD, 0.9 * rest) : MOST_AHEAD_OF_LOSS;
    expect(ahead <= most, `${(ahead / MiB).toFixed(1)} MiB were ahead, more than ${most / MiB}`);
  }
  for (const part of PARTS) {
    const used = (memory[part] / MiB).toFixed(0);
    expect(!(memory[part] > MOST_MEMORY), `${part}: ${used} MiB, more than ${MOST_MEMORY / MiB}`);
  }
  return problems;
}
