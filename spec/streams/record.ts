import type { Observable } from 'rxjs';
import { bytes, text } from '../contracts/bytes.js';

export { bytes, text };

/** What a stream has emitted so far, as lines a spec can compare: values, `|` for the end, `# CODE` for an error. */
export function record<T>(source$: Observable<T>): { readonly log: string[] } {
  const log: string[] = [];
  source$.subscribe({
    next: (value) => log.push(value instanceof Uint8Array ? text(value) : String(value)),
    error: (error: unknown) => log.push(`# ${nameOf(error)}`),
    complete: () => log.push('|'),
  });
  return { log };
}

function nameOf(error: unknown): string {
  if (error instanceof Error) return 'code' in error ? String(error.code) : error.message;
  return JSON.stringify(error);
}
