import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { startChild } from '../Worker.js';

/** A page that does not answer for so long hangs. */
const TIMEOUT_MS = 20_000;

const FLAGS = [
  '--headless',
  '--remote-debugging-pipe',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // Chromium's sandbox refuses to run as root, which is what containers usually are.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
];

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Evaluation<T> {
  readonly result: { readonly value: T };
  readonly exceptionDetails?: {
    readonly text: string;
    readonly exception?: { readonly description?: string };
  };
}

interface Metrics {
  readonly metrics: readonly { readonly name: string; readonly value: number }[];
}

/** A page, seen from outside. */
export interface Page {
  /** The value of an expression, which has to be JSON. */
  evaluate<T>(expression: string): Promise<T>;
  /** Bytes in use by its JavaScript. */
  heap(): Promise<number>;
}

/** A headless Chromium, controlled by the DevTools protocol through a pipe. */
export class Chromium {
  readonly #folder = mkdtempSync(join(tmpdir(), 'page-bench-'));
  readonly #child;
  readonly #events = new EventEmitter();
  #count = 0;
  #unread = '';

  private constructor(binary: string) {
    const args = [...FLAGS, `--user-data-dir=${this.#folder}`, 'about:blank'];
    this.#child = startChild(binary, args, ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']);
    (this.#child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => this.#onText(text));
    this.#to.on('error', () => {}); // The end of a browser is told by the commands that get no answer.
  }

  static async start(): Promise<Chromium> {
    const { findChromium } = (await import(
      new URL('../../../scripts/find-chromium.js', import.meta.url).href
    )) as { findChromium: () => Promise<string> };
    return new Chromium(await findChromium());
  }

  async version(): Promise<string> {
    return (await this.#command<{ product: string }>('Browser.getVersion')).product.replace('/', ' ');
  }

  /** Opens a page in its one tab. */
  async open(url: string): Promise<Page> {
    const { targetInfos } = await this.#command<{ targetInfos: { targetId: string; type: string }[] }>(
      'Target.getTargets',
    );
    const { targetId } = targetInfos.find(({ type }) => type === 'page')!;
    const { sessionId } = await this.#command<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    });
    const command = <T>(method: string, params?: object): Promise<T> =>
      this.#command(method, params, sessionId);
    await Promise.all([command('Page.enable'), command('Performance.enable')]);
    const loaded = once(this.#events, 'Page.loadEventFired', { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await Promise.all([loaded, command('Page.navigate', { url })]);
    return {
      async evaluate<T>(expression: string): Promise<T> {
        const { result, exceptionDetails } = await command<Evaluation<T>>('Runtime.evaluate', {
          expression,
          returnByValue: true,
        });
        if (exceptionDetails === undefined) return result.value;
        throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      },
      async heap(): Promise<number> {
        const { metrics } = await command<Metrics>('Performance.getMetrics');
        return metrics.find(({ name }) => name === 'JSHeapUsedSize')!.value;
      },
    };
  }

  /** The processes that run pages, and those that speak with the network. */
  async processes(): Promise<{ page: number[]; network: number[] }> {
    const { processInfo } = await this.#command<{ processInfo: { id: number; type: string }[] }>(
      'SystemInfo.getProcessInfo',
    );
    const of = (kind: string): number[] =>
      processInfo.flatMap(({ id, type }) => (type.includes(kind) ? [id] : []));
    return { page: of('renderer'), network: of('network') };
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    // It answers, and then takes its other processes along.
    await this.#command('Browser.close').catch(() => this.#child.kill('SIGKILL'));
    await gone;
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }

  async #command<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.#count;
    const answered = once(this.#events, String(id), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    this.#to.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    const [{ result, error }] = (await answered.catch((cause: unknown) => {
      throw new Error(`Chromium did not answer to ${method}`, { cause });
    })) as [Answer];
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result as T;
  }

  #onText(text: string): void {
    const messages = (this.#unread + text).split('\0');
    this.#unread = messages.pop()!;
    for (const message of messages) {
      const answer = JSON.parse(message) as Answer;
      this.#events.emit(answer.method ?? String(answer.id), answer);
    }
  }

  get #to(): Writable {
    return this.#child.stdio[3] as Writable;
  }
}
