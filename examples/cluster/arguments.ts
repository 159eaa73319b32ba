import { BadArgument, hostFrom, portFrom } from '../cli/arguments.js';

/** What a cluster is called with. */
export interface ClusterArguments {
  readonly host: string;
  readonly shortPort: number;
  readonly linesPort: number;
  readonly fds?: readonly [short: number, lines: number];
  readonly workers: number;
  /** Requests a second of the load that comes with it; 0: none. */
  readonly rate: number;
  /** Seconds between two rounds; 0: only when asked. */
  readonly rollEvery: number;
  /** Milliseconds. */
  readonly grace: number;
  readonly reusePort: boolean;
  /** The proxies in front, which tell who the client is. */
  readonly trusted?: readonly string[];
}

/** @throws `BadArgument` */
export function clusterArguments(args: readonly string[]): ClusterArguments {
  const words = args.filter((arg) => !arg.startsWith('--'));
  const options = new Map(
    args
      .filter((arg) => arg.startsWith('--'))
      .map((arg) => {
        const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(arg)!;
        return [name, value];
      }),
  );
  const take = (name: string, fallback: string): string => {
    const value = options.get(name) ?? fallback;
    options.delete(name);
    return value;
  };
  const port = portFrom(words[0] ?? '0', 0);
  if (words.length > 1) throw new BadArgument(`One PORT is enough: the keep-alive protocol has the next one`);
  const result = {
    host: hostFrom(take('--host', '127.0.0.1')),
    shortPort: port,
    linesPort: port === 0 ? 0 : portFrom(String(port + 1)),
    workers: wholeFrom('--workers', take('--workers', '4'), 1),
    rate: wholeFrom('--rate', take('--rate', '200'), 0),
    rollEvery: wholeFrom('--roll-every', take('--roll-every', '0'), 0),
    grace: 1000 * wholeFrom('--grace', take('--grace', '20'), 0),
    reusePort: take('--reuse-port', 'no') === '',
    ...trustedFrom(take('--trust-proxy', '')),
    ...fdsFrom(take('--fds', '')),
  };
  const [unknown] = options.keys();
  if (unknown !== undefined) {
    throw new BadArgument(
      `There is no option ${unknown}, but --host, --workers, --rate, --roll-every, --grace, --fds, --reuse-port, --trust-proxy`,
    );
  }
  return result;
}

function trustedFrom(text: string): Pick<ClusterArguments, 'trusted'> {
  return text === '' ? {} : { trusted: text.split(',').map(hostFrom) };
}

function fdsFrom(text: string): Pick<ClusterArguments, 'fds'> {
  if (text === '') return {};
  const [, short, lines] = /^(\d{1,5}),(\d{1,5})$/.exec(text) ?? [];
  if (short !== undefined && lines !== undefined) return { fds: [Number(short), Number(lines)] };
  throw new BadArgument(`--fds must be two file descriptors, as 3,4, not ${JSON.stringify(text)}`);
}

function wholeFrom(name: string, text: string, lowest: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (number >= lowest) return number;
  throw new BadArgument(`${name} must be a whole number from ${lowest} on, not ${JSON.stringify(text)}`);
}
