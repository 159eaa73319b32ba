import { once } from 'node:events';
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from 'node:net';
import { ConnectionLostError, IncompleteReadError, serve, type Connection } from 'rxjs-net';
import { fromServer, type AcceptOptions, type Server } from 'rxjs-net/node';
import { concat, concatMap, EMPTY, Subscription, throwError, type Observable } from 'rxjs';
import { BULK } from './bulk.js';

const COMMAND_BYTES = 2;

/** The server of a soak: each connection tells by its first line what is to be done with it. */
export class SoakServer {
  /** What is not as it has to be. The client adds to it. */
  readonly failures: string[] = [];
  /** The connections that are open. */
  active = 0;
  port = 0;
  readonly #subscription = new Subscription();
  // Whatever emitter below lives as long as the server does.
  readonly #emitters = new Set<NetServer>();
  #breaker: NetServer | undefined;

  async start(options: AcceptOptions): Promise<void> {
    const server = await new Promise<Server>((resolve, reject) => {
      const target = { ...options, host: '127.0.0.1', port: 0, backlog: 2048 };
      this.#subscription.add(fromServer(target).subscribe({ next: resolve, error: reject }));
    });
    this.port = server.addresses[0]!.port;
    this.#subscription.add(server.active$.subscribe((active) => (this.active = active)));
    const serving$ = server.connections$.pipe(
      serve((connection) => this.#handle(connection), { onError: (error) => this.#onError(error) }),
    );
    this.#subscription.add(serving$.subscribe());
    this.#breaker = createServer(breakOff).listen(0, '127.0.0.1');
    await once(this.#breaker, 'listening');
  }

  /** Somebody who resets each connection as soon as it says something. */
  get breakerPort(): number {
    return (this.#breaker!.address() as AddressInfo).port;
  }

  /** How many listeners its emitters have. */
  get listeners(): number {
    return [...this.#emitters].reduce((sum, emitter) => sum + countListeners(emitter), 0);
  }

  async stop(): Promise<void> {
    this.#subscription.unsubscribe();
    this.#breaker!.close();
    await once(this.#breaker!, 'close');
  }

  #handle({ reader, writer }: Connection): Observable<unknown> {
    const socket = writer.getExtraInfo('socket') as Socket & { server?: NetServer };
    if (socket.server !== undefined) this.#emitters.add(socket.server);
    return reader.readExactly(COMMAND_BYTES).pipe(
      concatMap((line): Observable<unknown> => {
        switch (String.fromCharCode(line[0]!)) {
          case 'e': // Echo a line.
            return reader.readLine().pipe(concatMap((bytes) => writer.send(bytes)));
          case 'h': // Stay until the peer ends.
            return concat(writer.send('here\n'), reader.read());
          case 'r': // Be reset in the middle of a read.
            return concat(writer.send('go\n'), reader.readExactly(10));
          case 'R': // Reset the peer in the middle of a read.
            writer.write('12345');
            return reader.readLine().pipe(concatMap(() => this.#abort(writer)));
          case 'w': // Be reset in the middle of a write.
            return concat(writer.send(BULK), writer.send('more'), reader.read());
          case 'W': // Reset the peer in the middle of a write.
            return this.#abort(writer);
          default:
            return throwError(() => new Error(`no such command: ${String(line)}`));
        }
      }),
    );
  }

  #abort(writer: Connection['writer']): Observable<never> {
    writer.abort();
    return EMPTY;
  }

  #onError(error: unknown): void {
    // The latter where the peer has gone before it said what it wants.
    if (error instanceof ConnectionLostError || error instanceof IncompleteReadError) return;
    this.failures.push(`the server: ${String(error)}`);
  }
}

function breakOff(socket: Socket): void {
  socket.on('error', () => undefined).once('data', () => socket.resetAndDestroy());
}

export function countListeners(emitter: NodeJS.EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}
