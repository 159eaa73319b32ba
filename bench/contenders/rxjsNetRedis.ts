/** The server for `redis-benchmark`, four times: they differ in how they read a command. */
import {
  converse,
  decoder,
  type ByteQueue,
  type Connection,
  type Decoder,
  type DecoderBytes,
} from 'rxjs-net';
import { concatMap, repeat, toArray, type Observable } from 'rxjs';
import { RedisStore } from './RedisStore.js';
import { serveClients } from './serveClients.js';

const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;
const GET = 0x47;
const SET = 0x53;

/** What the fast decoder gives: it knows GET and SET by a letter, as the server it is compared with does. */
interface Command {
  letter: number;
  readonly args: string[];
  key: string;
  value: string;
}

/** An object that remembers how far it has come. Keys and values become text, and nothing else does. */
class CommandDecoder implements Decoder<Command> {
  #command: Command = { letter: 0, args: [], key: '', value: '' };
  #count = 0;
  #missing = 0;
  #length = -1;

  decode(bytes: ByteQueue): Command | undefined {
    if (this.#missing === 0) {
      const count = marked(bytes, ASTERISK);
      if (count === undefined) return undefined;
      this.#count = this.#missing = count;
      this.#command = { letter: 0, args: [], key: '', value: '' };
    }
    for (; this.#missing > 0; this.#missing--) {
      if (this.#length === -1) {
        const length = marked(bytes, DOLLAR);
        if (length === undefined) return undefined;
        this.#length = length;
      }
      if (bytes.length < this.#length + 2) return undefined;
      this.#take(bytes, this.#length);
      bytes.skip(2);
      this.#length = -1;
    }
    return this.#command;
  }

  #take(bytes: ByteQueue, length: number): void {
    const command = this.#command;
    if (this.#missing === this.#count) {
      command.letter = length === 3 ? bytes.peek()! & ~0x20 : 0;
      if (command.letter === GET || command.letter === SET) bytes.skip(length);
      else command.args.push(bytes.takeText(length)!);
    } else if (command.args.length > 0) command.args.push(bytes.takeText(length)!);
    else if (this.#missing === this.#count - 1) command.key = bytes.takeText(length)!;
    else command.value = bytes.takeText(length)!;
  }
}

// `*3\r\n`: the mark may have been taken when the digits were missing.
function marked(bytes: ByteQueue, mark: number): number | undefined {
  if (bytes.peek() === mark) bytes.skip(1);
  return bytes.takeInteger('\r\n');
}

/** A generator that reads as the protocol is written: for a decoder, and in a conversation. */
function* command(bytes: DecoderBytes): Generator<undefined, string[]> {
  const args: string[] = [];
  yield* bytes.skip(1); // *
  const count = yield* bytes.integer('\r\n$');
  while (args.length < count) {
    args.push(yield* bytes.text(yield* bytes.integer('\r\n')));
    yield* bytes.skip(args.length < count ? 3 : 2); // \r\n, and the next $
  }
  return args;
}

/** Cold one-shot reads and the operators of RxJS. */
function readCommand({ reader, writer }: Connection, store: RedisStore): Observable<never> {
  const text = new TextDecoder();
  const line$ = reader.readUntil('\r\n');
  const argument$ = line$.pipe(concatMap((line) => reader.readExactly(numberIn(line) + 2)));
  return line$.pipe(
    concatMap((line) => argument$.pipe(repeat(numberIn(line)), toArray())),
    concatMap((args) => writer.send(store.reply(args.map((arg) => text.decode(arg.subarray(0, -2)))))),
  );
}

/** Behind its mark and in front of `\r\n`. */
function numberIn(line: Uint8Array): number {
  let value = 0;
  for (let i = 1; i < line.length - 2; i++) value = value * 10 + line[i]! - ZERO;
  return value;
}

export function redisByObject(): Promise<{ port: number }> {
  const store = new RedisStore();
  return serveClients(({ reader, writer }) =>
    reader.consume(
      () => new CommandDecoder(),
      ({ letter, args, key, value }) => {
        if (letter === GET) writer.write(store.get(key));
        else if (letter === SET) writer.write(store.set(key, value));
        else writer.write(store.reply(args));
        return writer.paused ? writer.drain() : undefined;
      },
    ),
  );
}

export function redisByGenerator(): Promise<{ port: number }> {
  const store = new RedisStore();
  const commands = decoder(command);
  return serveClients(({ reader, writer }) =>
    reader.consume(commands, (args) => {
      writer.write(store.reply(args));
      return writer.paused ? writer.drain() : undefined;
    }),
  );
}

export function redisByConversation(): Promise<{ port: number }> {
  const store = new RedisStore();
  return serveClients(
    converse(function* (io) {
      while (!(yield* io.atEof())) yield* io.send(store.reply(yield* command(io)));
    }),
  );
}

export function redisByReads(): Promise<{ port: number }> {
  const store = new RedisStore();
  return serveClients((connection) => readCommand(connection, store).pipe(repeat()));
}
