import { createHook } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Finds what keeps Node's event loop alive: a server left listening, a socket nobody closed, a forgotten timer.
 * Node's own `getActiveResourcesInfo` counts everything but names nothing; `_getActiveHandles` (undocumented, and
 * stable since Node 0.x) knows addresses but no timers. Together they say what to look for.
 */
export class OpenHandles {
  // Both are created lazily and would otherwise look like handles that a spec has opened.
  #standard = new Set([process.stdin, process.stdout, process.stderr]);
  #resourcesBefore = countByType();
  #handlesBefore = new Set(activeHandles());

  /**
   * What was opened since construction and is still open after the grace period. Closing a socket takes a few
   * turns of the event loop, hence the grace.
   *
   * @param {number} graceMs
   */
  async left(graceMs) {
    const deadline = Date.now() + graceMs;
    for (;;) {
      await sleep(10);
      const names = this.#now();
      if (names.length === 0 || Date.now() > deadline) return names;
    }
  }

  #now() {
    const handles = activeHandles().filter((h) => !this.#handlesBefore.has(h) && !this.#standard.has(h));
    const others = [...countByType()].flatMap(([type, count]) => {
      const more = count - (this.#resourcesBefore.get(type) ?? 0);
      // The wraps are the handles again, by their inner names.
      return more > 0 && (handles.length === 0 || !type.endsWith('Wrap')) ? [`${more} × ${type}`] : [];
    });
    return [...handles.map(describe), ...others];
  }
}

function countByType() {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const type of process.getActiveResourcesInfo()) counts.set(type, (counts.get(type) ?? 0) + 1);
  return counts;
}

/** @returns {any[]} */
function activeHandles() {
  return /** @type {any} */ (process)._getActiveHandles();
}

/** @param {any} handle */
function describe(handle) {
  const name = handle.constructor?.name ?? 'handle';
  if (Array.isArray(handle.spawnargs)) return `child process ${handle.pid}: ${handle.spawnargs.join(' ')}`;
  if (handle.listening) {
    const address = handle.address();
    return `${name} listening on ${typeof address === 'string' ? address : `${address.address}:${address.port}`}`;
  }
  if (handle.remotePort)
    return `${name} ${handle.localAddress}:${handle.localPort} → ${handle.remoteAddress}:${handle.remotePort}`;
  return name;
}

/**
 * Remembers where each handle and timer was made, which costs too much to be always on. Call it before the specs
 * load; the function it returns lists the creation sites of what is still alive.
 */
export function traceCreation() {
  /** @type {Map<number, { type: string, stack: string, resource: WeakRef<any> }>} */
  const alive = new Map();
  createHook({
    init(id, type, _trigger, resource) {
      if (!/^(Timeout|Immediate|.*WRAP|MESSAGEPORT|WORKER)$/.test(type)) return;
      alive.set(id, { type, stack: new Error().stack ?? '', resource: new WeakRef(resource) });
    },
    destroy: (id) => alive.delete(id),
  }).enable();
  return () =>
    [...alive.values()].flatMap(({ type, stack, resource }) => {
      const frames = stack.split('\n').filter((line) => /\/(spec|src)\//.test(line));
      return frames.length === 0 || resource.deref()?.hasRef?.() === false
        ? []
        : [`${type}\n${frames.join('\n')}`];
    });
}
