import { BadArgument } from '../cli/arguments.js';
import { normalAddress } from './addresses.js';

/** What a connection is made to. It holds what the list says, never what a request says. */
export interface Target {
  /** As a request names it. */
  readonly name: string;
  readonly at: { readonly host: string; readonly port: number } | { readonly path: string };
}

/**
 * The targets that there are. An entry is `HOST:PORT`, `[ADDRESS]:PORT` of IPv6, or the path of a Unix socket; with
 * `NAME=` before it, it is known by that name only, and nobody is told what stands behind it.
 *
 * A request names a target in its own words; they are made into the one spelling that there is and looked up. What has
 * no such spelling finds nothing:
 *
 * | of             | are the same                                                | is refused                                       |
 * | -------------- | ----------------------------------------------------------- | ------------------------------------------------ |
 * | a name         | –                                                           | any other spelling                               |
 * | a path         | –                                                           | any other spelling                               |
 * | a host's name  | upper and lower case                                        | a dot at the end, anything that is not ASCII     |
 * | IPv4           | –                                                           | all but four decimal numbers without zeros ahead |
 * | IPv6           | all ways to write its bits                                  | a zone, missing brackets                         |
 * | IPv4 inside IPv6 | –                                                         | as IPv4: `[::ffff:127.0.0.1]` is an address of its own |
 * | a port         | –                                                           | all but a decimal number without zeros ahead     |
 */
export class AllowList {
  readonly #targets = new Map<string, Target>();

  /** @throws `BadArgument` for an entry that is none, or that another one makes superfluous */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const [key, target] = entryFrom(entry);
      if (this.#targets.has(key)) throw new BadArgument(`${shown(entry)} is listed twice`);
      this.#targets.set(key, target);
    }
  }

  get targets(): readonly Target[] {
    return [...this.#targets.values()];
  }

  /** The target that a text names: one of the list, or none. */
  find(text: string): Target | undefined {
    const key = keyOf(text);
    return key === undefined ? undefined : this.#targets.get(key);
  }

  /** The target that a request names by `?target=…`, in a URL as it stands in the request's first line. */
  requested(url: string): Target | undefined {
    const query = url.slice(url.includes('?') ? url.indexOf('?') + 1 : url.length);
    const [text, ...more] = new URLSearchParams(query).getAll('target');
    return text === undefined || more.length > 0 ? undefined : this.find(text);
  }
}

const NAME = /^[a-z][\w-]*$/i;
const ENTRY = /^(?:(?<name>[a-z][\w-]*)=)?(?<place>.*)$/is;

function entryFrom(entry: string): [key: string, target: Target] {
  const { name, place } = ENTRY.exec(entry)!.groups as { name?: string; place: string };
  const at = isPath(place) ? { path: place } : endpointFrom(place);
  if (at === undefined) {
    throw new BadArgument(
      `A target must be HOST:PORT, [ADDRESS]:PORT or the path of a Unix socket, with NAME= before it or without, not ${shown(entry)}`,
    );
  }
  return [name ?? keyOf(place)!, { name: name ?? place, at }];
}

/** Names, paths and endpoints have no key in common: a slash is ahead of a path, and a colon in every endpoint. */
function keyOf(text: string): string | undefined {
  if (NAME.test(text) || isPath(text)) return text;
  const endpoint = endpointFrom(text);
  return endpoint && `${endpoint.host}:${endpoint.port}`;
}

function isPath(text: string): boolean {
  return text.startsWith('/') && !text.includes('\0');
}

const ENDPOINT = /^(?:\[(?<ipv6>[\da-f:.]+)\]|(?<host>[\w.-]+)):(?<port>[1-9]\d{0,4})$/i;

function endpointFrom(text: string): { host: string; port: number } | undefined {
  const { ipv6, host, port } = ENDPOINT.exec(text)?.groups ?? {};
  const normal =
    ipv6 === undefined ? hostFrom(host ?? '') : ipv6.includes(':') ? normalAddress(ipv6) : undefined;
  if (normal === undefined || Number(port) > 65535) return undefined;
  return { host: normal, port: Number(port) };
}

const LABEL = /^(?!-)[\w-]{1,63}(?<!-)$/;

function hostFrom(text: string): string | undefined {
  const labels = text.split('.');
  // What ends in a number is an address: in its one spelling, or in one that only some resolvers take for it.
  if (/^(\d+|0x[\da-f]*)$/i.test(labels.at(-1)!)) return normalAddress(text);
  return text.length <= 253 && labels.every((label) => LABEL.test(label)) ? text.toLowerCase() : undefined;
}

function shown(text: string): string {
  return JSON.stringify(text);
}
