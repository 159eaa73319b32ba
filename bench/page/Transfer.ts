import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { processUsage, resetPeak } from '../processUsage.js';
import { startChild, startWorker, type Worker } from '../Worker.js';
import { Chromium, type Page } from './Chromium.js';
import type { Kind, PageEnd, PageJob } from './pageEnd.js';
import type { EndState } from './Receiving.js';
import type { ServerJob } from './serverEnd.js';

export const MiB = 2 ** 20;
/** Milliseconds between two looks at both ends. */
const LOOK_MS = 50;
/** Milliseconds without a byte: while one end stalls the other one has been stopped, or has nothing more. */
const STILL_MS = 2000;
/** Milliseconds without a byte, while nobody stalls: it hangs. */
const PATIENCE_MS = 20_000;

const SERVER = fileURLToPath(new URL('serverEnd.js', import.meta.url));
const EXAMPLES = fileURLToPath(new URL('../../examples/start.js', import.meta.url));

/** A transfer that is to be made. */
export interface Plan {
  readonly name: string;
  readonly kind: Kind;
  /** To the page, or from it. */
  readonly direction: 'down' | 'up';
  readonly stalls: boolean;
  /** What the page fails with, by a part of its text. Nothing: all arrives. */
  readonly fails?: string;
}

/** The processes: that of the page, that of its browser for the network, and the others'. */
export type Part = 'page' | 'network' | 'gateway' | 'server';
export const PARTS: readonly Part[] = ['page', 'network', 'gateway', 'server'];

/** Seconds since the beginning, and bytes that were sent and received by then. */
export type Look = readonly [seconds: number, sent: number, received: number];

/** What became of it. Memory in bytes. */
export interface TransferResult extends Plan {
  readonly bytes: number;
  readonly flowControl: string;
  /** How the receiving end ended. */
  readonly outcome: string;
  /** Bytes that were received, each of them right. */
  readonly received: number;
  /** Bytes that the sending end had got rid of, and the stalled one had not taken, when nothing moved any more. */
  readonly ahead?: number | undefined;
  /** Bytes behind the stall. */
  readonly rest: number;
  /** Bytes a second at the receiving end, the stall not counted. */
  readonly speed: number;
  /** The most resident memory of each process, above what it had when it had started. */
  readonly memory: Record<Part, number>;
  /** The most that was in use by the page's JavaScript, above what was when it had started. */
  readonly heap: number;
  readonly looks: readonly Look[];
}

/** Where the page is, and who may come to the gateway. */
export interface Site {
  readonly url: string;
  readonly origin: string;
}

/** Makes a transfer, in processes that have done nothing else. */
export async function transfer(plan: Plan, bytes: number, site: Site): Promise<TransferResult> {
  // Early: what is still to come has to be more than what is held between the ends.
  const size = { bytes, stallAt: plan.stalls ? Math.floor(bytes / 4) : bytes };
  const server = startWorker(process.execPath, [SERVER]);
  const chromium = await Chromium.start();
  let gateway: Gateway | undefined;
  try {
    const { port } = await server.ask<{ port: number }>('serve', {
      ...size,
      direction: plan.direction,
    } satisfies ServerJob);
    gateway = await startGateway(port, site.origin);
    const page = await chromium.open(site.url);
    const { page: pages, network } = await chromium.processes();
    const memory = new Memory({ page: pages, network, gateway: [gateway.pid], server: [server.pid] });
    await page.evaluate(call('start', { ...plan, ...size, url: gateway.url } satisfies PageJob));
    const watched = await watch(plan, server, page);
    return { ...plan, bytes, rest: bytes - size.stallAt, ...watched, memory: memory.peaks() };
  } finally {
    server.stop();
    gateway?.stop();
    await chromium.stop();
  }
}

type Watched = Omit<TransferResult, keyof Plan | 'bytes' | 'rest' | 'memory'>;

/** Looks at both ends, until both have ended. Has the stalled one go on when nothing moves any more. */
async function watch({ direction }: Plan, server: Worker, page: Page): Promise<Watched> {
  const [start, firstHeap] = [performance.now(), await page.heap()];
  const looks: Look[] = [];
  let [heap, ahead, moved, lastMove] = [firstHeap, undefined as number | undefined, -1, start];
  for (;;) {
    const atServer = await server.ask<EndState>('state');
    const atPage = await page.evaluate<ReturnType<PageEnd['state']>>(call('state'));
    const [sender, receiver] = direction === 'down' ? [atServer, atPage] : [atPage, atServer];
    heap = Math.max(heap, await page.heap());
    const now = performance.now();
    looks.push([Math.round(now - start) / 1000, sender.bytes, receiver.bytes]);
    if (sender.bytes + receiver.bytes !== moved) lastMove = now;
    moved = sender.bytes + receiver.bytes;
    if (hasEnded(sender) && hasEnded(receiver)) {
      return {
        flowControl: atPage.flowControl,
        outcome: receiver.failure ?? sender.failure ?? 'complete',
        received: receiver.bytes,
        ahead,
        speed: receiver.bytes / receiver.seconds,
        heap: heap - firstHeap,
        looks,
      };
    }
    if (receiver.phase === 'stalled' && now - lastMove > STILL_MS) {
      ahead = sender.bytes - receiver.bytes;
      lastMove = now;
      if (direction === 'down') await page.evaluate(call('goOn'));
      else await server.ask('goOn');
    }
    if (now - lastMove > PATIENCE_MS)
      throw new Error(`It hangs: the sending end ${shown(sender)}, the receiving end ${shown(receiver)}`);
    await setTimeout(LOOK_MS);
  }
}

function hasEnded({ phase }: EndState): boolean {
  return phase === 'complete' || phase === 'failed';
}

function shown({ phase, bytes, failure = '' }: EndState): string {
  return `is ${phase} at ${(bytes / MiB).toFixed(1)} MiB ${failure}`.trim();
}

function call(method: keyof PageEnd, ...args: object[]): string {
  return `pageEnd.${method}(${args.map((arg) => JSON.stringify(arg)).join()})`;
}

interface Gateway {
  readonly pid: number;
  readonly url: string;
  stop(): void;
}

/** The gateway of the examples, as a program. */
async function startGateway(port: number, origin: string): Promise<Gateway> {
  const child = startChild(process.execPath, [
    EXAMPLES,
    'gateway',
    '0',
    `--origin=${origin}`,
    `it=127.0.0.1:${port}`,
  ]);
  const lines = createInterface({ input: child.stdout! });
  const [url] = (await once(lines, 'line', { signal: AbortSignal.timeout(PATIENCE_MS) })) as [string];
  return { pid: child.pid!, url, stop: () => child.kill('SIGKILL') };
}

/** What processes use above what they had at the beginning. */
class Memory {
  readonly #pids: Record<Part, number[]>;
  readonly #idle: Record<Part, number>;

  constructor(pids: Record<Part, number[]>) {
    this.#pids = pids;
    for (const pid of Object.values(pids).flat()) resetPeak(pid);
    this.#idle = this.#sums('rss');
  }

  peaks(): Record<Part, number> {
    const peaks = this.#sums('peakRss');
    for (const part of PARTS) peaks[part] -= this.#idle[part];
    return peaks;
  }

  #sums(what: 'rss' | 'peakRss'): Record<Part, number> {
    const sum = (pids: readonly number[]): number =>
      pids.reduce((total, pid) => total + processUsage(pid)[what], 0);
    const { page, network, gateway, server } = this.#pids;
    return { page: sum(page), network: sum(network), gateway: sum(gateway), server: sum(server) };
  }
}
