import type { IncomingMessage } from 'node:http';
import { described } from '../bytes/check.js';
import { shown } from '../streams/check.js';
import { checkAnswer } from './checkAnswer.js';
import type { AllowedOrigins } from './WebSocketServerOptions.js';

/**
 * Whether the page that a request comes from may connect. Throws what a function throws; at the call, what is wrong with the
 * option.
 *
 * @internal
 */
export function originCheck(origins?: AllowedOrigins): (request: IncomingMessage) => boolean {
  if (origins === 'any') return () => true;
  if (typeof origins === 'function') {
    return (request) => checkAnswer('origins', origins(request.headers.origin, request));
  }
  if (origins === undefined) return ofBrowser(isSameOrigin);
  if (!Array.isArray(origins)) {
    throw new TypeError(`origins must be a list of origins, 'any' or a function, not ${described(origins)}`);
  }
  const allowed = new Set((origins as unknown[]).map(checkedOrigin));
  return ofBrowser((origin) => allowed.has(origin));
}

/** What has no origin comes from no page. */
function ofBrowser(
  allows: (origin: string, request: IncomingMessage) => boolean,
): (request: IncomingMessage) => boolean {
  return (request) => {
    const { origin } = request.headers;
    if (origin === undefined) return true;
    const normal = normalOrigin(origin);
    return normal !== undefined && allows(normal, request);
  };
}

function isSameOrigin(origin: string, { headers, socket }: IncomingMessage): boolean {
  const { protocol } = new URL(origin);
  const isEncrypted = (socket as { encrypted?: boolean }).encrypted === true;
  // Without TLS here there may be a proxy that has it.
  const fits = protocol === 'https:' || (protocol === 'http:' && !isEncrypted);
  // The browser leaves out the default port, which follows from its scheme.
  return fits && headers.host !== undefined && normalOrigin(`${protocol}//${headers.host}`) === origin;
}

/** An origin as browsers write it, and nothing but an origin; `null`, which many different pages have, is none. */
function normalOrigin(text: string): string | undefined {
  // The parser is forgiving: it takes other characters for slashes, more and fewer of them, and drops tabs and newlines.
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^\s/\\]+$/i.test(text) || !URL.canParse(text)) return undefined;
  const { protocol, host, href } = new URL(text);
  const origin = `${protocol}//${host}`;
  return host !== '' && (href === origin || href === `${origin}/`) ? origin : undefined;
}

function checkedOrigin(origin: unknown): string {
  const normal =
    typeof origin === 'string' && !origin.includes('*') ? normalOrigin(origin.replace(/\/$/, '')) : undefined;
  if (normal === undefined || /^wss?:/.test(normal)) {
    throw new TypeError(`origins must be origins of pages, as 'https://example.com', not ${shown(origin)}`);
  }
  return normal;
}
