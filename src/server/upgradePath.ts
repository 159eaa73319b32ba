import type { IncomingMessage } from 'node:http';
import { shown } from '../streams/check.js';
import { checkAnswer } from './checkAnswer.js';
import type { WebSocketPath } from './WebSocketServerOptions.js';

/** What a segment must not have once it is decoded: control characters, and what others take for the end of a segment. */
// eslint-disable-next-line no-control-regex
const CONFUSING = /[\0-\x1f\x7f/\\]/;

/**
 * The path of a request's target, decoded and without the query; `undefined` for one that could be read in two ways, or that
 * is no path (`http://host/`, `*`).
 *
 * @internal
 */
export function pathnameOf(target: string): string | undefined {
  const [path = ''] = target.split('?', 1);
  if (!path.startsWith('/')) return undefined;
  const parts = path.slice(1).split('/');
  const segments = parts.map(decoded);
  // Only a slash at the end leaves an empty one.
  const isPlain = segments.every(
    (segment, i) => segment !== undefined && (segment !== '' || i === segments.length - 1),
  );
  return isPlain ? `/${segments.join('/')}` : undefined;
}

function decoded(part: string): string | undefined {
  try {
    const segment = decodeURIComponent(part);
    return segment === '.' || segment === '..' || CONFUSING.test(segment) ? undefined : segment;
  } catch {
    return undefined;
  }
}

/** Whether a request is for this path. Throws what a function throws; at the call, what is wrong with the option. @internal */
export function upgradePath(path: WebSocketPath = '/'): (request: IncomingMessage) => boolean {
  if (typeof path === 'function') {
    return (request) => {
      const pathname = pathnameOf(request.url ?? '');
      return pathname !== undefined && checkAnswer('path', path(pathname, request));
    };
  }
  const wanted = typeof path === 'string' && !/[?#]/.test(path) ? pathnameOf(path) : undefined;
  if (wanted === undefined) {
    throw new TypeError(
      `path must begin with a slash, without a query and empty or dotted segments, or be a function, not ${shown(path)}`,
    );
  }
  return ({ url = '' }) => pathnameOf(url) === wanted;
}
