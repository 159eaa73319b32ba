import { BadArgument, hostFrom, portFrom } from '../cli/arguments.js';
import { normalAddress } from './addresses.js';
import { AllowList } from './AllowList.js';

/** What a gateway is called with. */
export interface GatewayArguments {
  readonly port: number;
  /** The address to listen on. */
  readonly host: string;
  readonly targets: AllowList;
  /** Where pages may come from; none: from the gateway's own host. */
  readonly origins: readonly string[];
  /** Names of the targets that are told who their peer is. */
  readonly proxyProtocol: ReadonlySet<string>;
  /** Addresses of proxies in front of it, whose word on who their own peer is counts. */
  readonly trustedProxies: ReadonlySet<string>;
}

/** @throws `BadArgument` */
export function gatewayArguments(args: readonly string[]): GatewayArguments {
  const options = optionsFrom(args.filter((arg) => arg.startsWith('--')));
  const words = args.filter((arg) => !arg.startsWith('--'));
  // No target is a mere number.
  const port = /^\d+$/.test(words[0] ?? '') ? words.shift()! : '8080';
  if (words.length === 0) {
    throw new BadArgument(
      'A TARGET is missing, such as redis=127.0.0.1:6379: a gateway leads to what is listed only',
    );
  }
  const targets = new AllowList(words);
  return {
    port: portFrom(port, 0),
    host: hostFrom(options['--host'].at(-1) ?? '127.0.0.1'),
    targets,
    origins: options['--origin'].map(originFrom),
    proxyProtocol: new Set(options['--proxy-protocol'].flatMap((name) => namesFrom(name, targets))),
    trustedProxies: new Set(options['--trust-proxy'].map(addressFrom)),
  };
}

/** The values of each option, those without one as an empty text. */
function optionsFrom(args: readonly string[]) {
  const options = {
    '--host': [] as string[],
    '--origin': [] as string[],
    '--proxy-protocol': [] as string[],
    '--trust-proxy': [] as string[],
  };
  for (const arg of args) {
    const [, name, value] = /^([^=]*)=?(.*)$/s.exec(arg)!;
    if (!Object.hasOwn(options, name!)) {
      throw new BadArgument(`There is no option ${name!}, but ${Object.keys(options).join(', ')}`);
    }
    options[name as keyof typeof options].push(value!);
  }
  return options;
}

function originFrom(text: string): string {
  // As browsers send it.
  if (/^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text) return text;
  throw new BadArgument(
    `origin must be as https://example.com or http://localhost:4200, not ${JSON.stringify(text)}`,
  );
}

function namesFrom(text: string, targets: AllowList): string[] {
  if (text === '') return targets.targets.map(({ name }) => name);
  const target = targets.find(text);
  if (target === undefined) throw new BadArgument(`There is no target ${JSON.stringify(text)}`);
  return [target.name];
}

function addressFrom(text: string): string {
  const address = normalAddress(text);
  if (address === undefined) throw new BadArgument(`A proxy must be an address, not ${JSON.stringify(text)}`);
  return address;
}
