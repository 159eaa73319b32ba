/** The store of one server: what `redis-benchmark` asks for, and no more. */
export class RedisStore {
  readonly #values = new Map<string, string>();

  /** Does a command, and returns its reply. */
  reply(args: readonly string[]): string {
    const verb = args[0]!;
    if (verb === 'GET' || verb === 'get') return this.get(args[1]!);
    if (verb === 'SET' || verb === 'set') return this.set(args[1]!, args[2]!);
    return smallTalk(verb.toUpperCase(), args);
  }

  get(key: string): string {
    return bulk(this.#values.get(key));
  }

  set(key: string, value: string): string {
    this.#values.set(key, value);
    return '+OK\r\n';
  }
}

/** What redis-benchmark asks before it begins. */
export function smallTalk(verb: string, args: readonly string[]): string {
  if (verb === 'PING') return '+PONG\r\n';
  if (verb === 'COMMAND') return '*0\r\n';
  if (verb === 'CONFIG') return `*2\r\n${bulk(args[2] ?? '')}${bulk('')}`;
  return '-ERR unknown command\r\n';
}

function bulk(value: string | undefined): string {
  return value === undefined ? '$-1\r\n' : `$${Buffer.byteLength(value)}\r\n${value}\r\n`;
}
