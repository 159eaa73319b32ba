import { once } from 'node:events';
import { connect } from 'node:net';
import { useConnection, type Connection } from 'rxjs-net';
import { fromConnection, type ClientTlsOptions } from 'rxjs-net/node';
import { concat, concatMap, ignoreElements, lastValueFrom, map, type Observable } from 'rxjs';
import { BULK } from './bulk.js';
import type { SoakServer } from './SoakServer.js';

type Job = (connection: Connection) => Observable<unknown>;

/** The beginning of a ClientHello that announces more. */
const HALF_A_HELLO = Buffer.from('160301020001000001fc0303', 'hex');

/** Most connections do well, one in four comes to a bad end, in turn to each. */
const GOOD_OF = 4;

/** Opens connections to a `SoakServer`, each of the next kind. */
export class SoakClient {
  readonly #server: SoakServer;
  readonly #tls: ClientTlsOptions | undefined;
  readonly #signal: AbortSignal;
  #count = 0;
  readonly #bad: (() => Promise<void>)[];

  constructor(server: SoakServer, tls: ClientTlsOptions | undefined, signal: AbortSignal) {
    this.#server = server;
    this.#tls = tls;
    this.#signal = signal;
    this.#bad = [
      () => this.#fails('read, reset by the peer', resetWhileReading),
      () => this.#aborts('read, reset by this side', abortWhilePeerReads),
      () => this.#fails('write, reset by the peer', resetWhileWriting),
      () => this.#aborts('write, reset by this side', abortWhilePeerWrites),
      () => this.#brokenHello(),
      () => this.#brokenHandshake(),
      () => this.#cancelled(),
    ];
  }

  /** Opens a connection, and closes it. */
  async next(): Promise<void> {
    const count = this.#count++;
    if (count % GOOD_OF > 0) await this.#echo();
    else await this.#bad[(count / GOOD_OF) % this.#bad.length]!();
  }

  /** Opens so many, and closes them when all are there; then so many of all kinds. */
  async crowd(size: number): Promise<void> {
    let missing = size;
    let allHere!: () => void;
    const everyone = new Promise<void>((resolve) => (allHere = resolve));
    function stay({ reader, writer }: Connection): Observable<unknown> {
      writer.write('h\n');
      return reader.readLine().pipe(
        concatMap(() => {
          if (--missing === 0) allHere();
          return everyone;
        }),
      );
    }
    await Promise.all(Array.from({ length: size }, () => this.#use(stay)));
    await Promise.all(Array.from({ length: size }, () => this.next()));
  }

  async #echo(): Promise<void> {
    const line = await this.#use(echo);
    if (line !== 'hello\n') this.#failed('echo', line);
  }

  async #fails(what: string, job: Job): Promise<void> {
    const result = await this.#use(job).catch((error: unknown) => error as Error);
    if (!(result instanceof Error) || result.name !== 'ConnectionLostError') this.#failed(what, result);
  }

  async #aborts(what: string, job: Job): Promise<void> {
    await this.#use(job).catch((error: unknown) => this.#failed(what, error));
  }

  /** A peer that is reset in the middle of a handshake, or before it has said a word. */
  async #brokenHello(): Promise<void> {
    const socket = connect({ host: '127.0.0.1', port: this.#server.port });
    await once(socket, 'connect');
    socket.write(this.#tls === undefined ? 'e' : HALF_A_HELLO, () => socket.resetAndDestroy());
    await once(socket, 'close');
  }

  /** A server that resets a client in the middle of a handshake, or at its first word. */
  async #brokenHandshake(): Promise<void> {
    const result = await this.#use(echo, this.#server.breakerPort).catch((error: unknown) => error);
    if (!(result instanceof Error)) this.#failed('handshake, reset by the peer', result);
  }

  /** An attempt that is given up: TCP may be there by then, TLS is not. */
  async #cancelled(): Promise<void> {
    const attempt = this.#connect().subscribe();
    await new Promise(setImmediate);
    attempt.unsubscribe();
  }

  #use(job: Job, port?: number): Promise<unknown> {
    return lastValueFrom(this.#connect(port).pipe(useConnection(job)), { defaultValue: undefined });
  }

  #connect(port = this.#server.port): Observable<Connection> {
    const tls = this.#tls === undefined ? {} : { tls: this.#tls };
    return fromConnection({ host: '127.0.0.1', port, signal: this.#signal, ...tls });
  }

  #failed(what: string, result: unknown): void {
    this.#server.failures.push(`the client: ${what}: ${String(result)}`);
  }
}

function echo({ reader, writer }: Connection): Observable<string> {
  writer.write('e\nhello\n');
  return reader.readLine().pipe(map((line) => new TextDecoder().decode(line)));
}

function resetWhileReading({ reader, writer }: Connection): Observable<unknown> {
  writer.write('R\n');
  return concat(reader.readExactly(5), writer.send('now\n'), reader.readExactly(10));
}

function abortWhilePeerReads({ reader, writer }: Connection): Observable<unknown> {
  writer.write('r\n12345');
  return reader.readLine().pipe(map(() => writer.abort()));
}

function resetWhileWriting({ reader, writer }: Connection): Observable<unknown> {
  return concat(writer.send('W\n'), writer.send(BULK), writer.send('more'), reader.read());
}

function abortWhilePeerWrites({ reader, writer }: Connection): Observable<unknown> {
  writer.write('w\n');
  return reader.read(1).pipe(
    concatMap(() => new Promise(setImmediate)),
    map(() => writer.abort()),
    ignoreElements(),
  );
}
