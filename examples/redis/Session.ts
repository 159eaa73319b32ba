import { Channels, type Listener } from './Channels.js';
import { Push, RedisError, Status, type Answer } from './resp.js';
import type { Store } from './Store.js';

const OK = new Status('OK');
const SETTINGS = new Map([
  ['save', ''],
  ['appendonly', 'no'],
]);

type Run = (session: Session, ...args: string[]) => Answer | undefined;
type Command = [atLeast: number, atMost: number, run: Run];

/** How many arguments each command takes, and what it answers. */
const COMMANDS = new Map<string, Command>([
  ['PING', [0, 1, ping]],
  ['ECHO', [1, 1, (_, text) => text]],
  ['QUIT', [0, Infinity, quit]],
  ['HELLO', [0, Infinity, hello]],
  ['COMMAND', [0, Infinity, () => []]],
  ['CONFIG', [2, Infinity, (_, verb, name) => config(verb, name)]],

  ['GET', [1, 1, ({ store }, key) => store.get(key) ?? null]],
  ['SET', [2, Infinity, set]],
  ['INCR', [1, 1, incr]],
  ['DEL', [1, Infinity, ({ store }, ...keys) => keys.filter((key) => store.delete(key)).length]],
  ['EXISTS', [1, Infinity, ({ store }, ...keys) => keys.filter((key) => store.has(key)).length]],

  ['EXPIRE', [2, 2, ({ store }, key, seconds) => Number(store.expire(key, 1000 * integer(seconds)))]],
  ['PEXPIRE', [2, 2, ({ store }, key, milliseconds) => Number(store.expire(key, integer(milliseconds)))]],
  ['TTL', [1, 1, ({ store }, key) => inSeconds(store.timeToLive(key))]],
  ['PTTL', [1, 1, ({ store }, key) => store.timeToLive(key)]],
  ['PERSIST', [1, 1, ({ store }, key) => Number(store.persist(key))]],

  ['SUBSCRIBE', [1, Infinity, (session, ...names) => session.subscribe('name', names)]],
  ['UNSUBSCRIBE', [0, Infinity, (session, ...names) => session.unsubscribe('name', names)]],
  ['PSUBSCRIBE', [1, Infinity, (session, ...patterns) => session.subscribe('pattern', patterns)]],
  ['PUNSUBSCRIBE', [0, Infinity, (session, ...patterns) => session.unsubscribe('pattern', patterns)]],
  ['PUBLISH', [2, 2, ({ channels }, channel, message) => channels.publish(channel, message)]],

  ['DBSIZE', [0, 0, ({ store }) => store.size]],
  ['FLUSHALL', [0, 1, flushAll]],
]);

/** What a client of version 2 may send while it listens: its connection is for messages then. */
const WHILE_LISTENING = /^(P?(UN)?SUBSCRIBE|PING|QUIT)$/;

/** One client: which version of the protocol it speaks, and what is answered to its commands. No I/O, no time. */
export class Session implements Listener {
  protocol: 2 | 3 = 2;
  hasQuit = false;
  readonly #joined = { name: new Set<string>(), pattern: new Set<string>() };

  constructor(
    readonly store: Store,
    readonly channels: Channels = new Channels(),
    /** Sends what is no answer, or one of several. */
    readonly receive: (push: Push) => void = () => {},
  ) {}

  /** Nothing is answered to a command whose answers are pushed. */
  answer([name = '', ...args]: readonly string[]): Answer | undefined {
    const upperName = name.toUpperCase();
    const command = COMMANDS.get(upperName);
    if (command === undefined) return new RedisError(`ERR unknown command '${name}'`);
    const [atLeast, atMost, run] = command;
    if (args.length < atLeast || args.length > atMost) {
      return new RedisError(`ERR wrong number of arguments for '${name.toLowerCase()}' command`);
    }
    if (this.isListening && this.protocol === 2 && !WHILE_LISTENING.test(upperName)) {
      return new RedisError(
        `ERR Can't execute '${name.toLowerCase()}': only (P)SUBSCRIBE / (P)UNSUBSCRIBE / PING / QUIT are allowed in this context`,
      );
    }
    try {
      return run(this, ...args);
    } catch (error) {
      if (error instanceof RedisError) return error;
      throw error;
    }
  }

  get isListening(): boolean {
    return this.#count > 0;
  }

  get #count(): number {
    return this.#joined.name.size + this.#joined.pattern.size;
  }

  subscribe(kind: 'name' | 'pattern', channels: readonly string[]): undefined {
    for (const channel of channels) {
      this.#joined[kind].add(channel);
      this.channels.join(kind, channel, this);
      this.receive(new Push(kind === 'name' ? 'subscribe' : 'psubscribe', [channel, this.#count]));
    }
  }

  /** From all of them, if none is named. */
  unsubscribe(kind: 'name' | 'pattern', channels: readonly string[]): undefined {
    const verb = kind === 'name' ? 'unsubscribe' : 'punsubscribe';
    const joined = this.#joined[kind];
    const left = channels.length > 0 ? channels : [...joined];
    for (const channel of left) {
      joined.delete(channel);
      this.channels.leave(kind, channel, this);
      this.receive(new Push(verb, [channel, this.#count]));
    }
    if (left.length === 0) this.receive(new Push(verb, [null, this.#count]));
  }

  /** Leaves all channels without a word. */
  end(): void {
    for (const kind of ['name', 'pattern'] as const) {
      for (const channel of this.#joined[kind]) this.channels.leave(kind, channel, this);
      this.#joined[kind].clear();
    }
  }
}

function ping({ isListening, protocol }: Session, text?: string): Answer {
  // What comes while it listens has to look like a message.
  if (isListening && protocol === 2) return ['pong', text ?? ''];
  return text ?? new Status('PONG');
}

function quit(session: Session): Answer {
  session.hasQuit = true;
  return OK;
}

function hello(session: Session, version = String(session.protocol)): Answer {
  if (version !== '2' && version !== '3') throw new RedisError('NOPROTO unsupported protocol version');
  session.protocol = version === '2' ? 2 : 3;
  return new Map<string, Answer>([
    ['server', 'redis'],
    ['version', '7.0.0'],
    ['proto', session.protocol],
    ['mode', 'standalone'],
    ['role', 'master'],
    ['modules', []],
  ]);
}

function config(verb: string, name: string): Answer {
  if (verb.toUpperCase() !== 'GET') throw new RedisError(`ERR unknown subcommand '${verb}'`);
  return new Map([...SETTINGS].filter(([setting]) => setting === name.toLowerCase()));
}

function set({ store }: Session, key: string, value: string, ...options: string[]): Answer {
  let ifThere: boolean | undefined;
  let milliseconds: number | undefined;
  while (options.length > 0) {
    const option = options.shift()!.toUpperCase();
    if ((option === 'NX' || option === 'XX') && ifThere === undefined) {
      ifThere = option === 'XX';
    } else if ((option === 'EX' || option === 'PX') && milliseconds === undefined && options.length > 0) {
      milliseconds = integer(options.shift()!) * (option === 'EX' ? 1000 : 1);
      if (milliseconds <= 0) throw new RedisError("ERR invalid expire time in 'set' command");
    } else {
      throw new RedisError('ERR syntax error');
    }
  }
  if (ifThere !== undefined && store.has(key) !== ifThere) return null;
  store.set(key, value);
  if (milliseconds !== undefined) store.expire(key, milliseconds);
  return OK;
}

function incr({ store }: Session, key: string): Answer {
  const value = BigInt(decimal(store.get(key) ?? '0')) + 1n;
  if (!is64Bit(value)) throw new RedisError('ERR increment or decrement would overflow');
  store.set(key, String(value), true);
  return value;
}

function flushAll({ store }: Session): Answer {
  store.clear();
  return OK;
}

function inSeconds(milliseconds: number): number {
  return milliseconds < 0 ? milliseconds : Math.round(milliseconds / 1000);
}

function integer(text: string): number {
  return Number(decimal(text));
}

/** What Redis takes for an integer: 64 bits, written in the one way there is. */
function decimal(text: string): string {
  if (/^(0|-?[1-9]\d{0,18})$/.test(text) && is64Bit(BigInt(text))) return text;
  throw new RedisError('ERR value is not an integer or out of range');
}

function is64Bit(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
