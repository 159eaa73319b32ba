/** A client of Redis: commands, pipelined as they are made, and channels. */
import { inspect } from 'node:util';
import { codec, framed, useConnection, type Connection, type Framed } from 'rxjs-net';
import { fromConnection, type ConnectOptions } from 'rxjs-net/node';
import { filter, finalize, map, mergeMap, share, type Observable, type ObservableInput } from 'rxjs';
import {
  encodeCommand,
  Push,
  RedisError,
  replies,
  textOf,
  type Argument,
  type Reply,
  type ReplyOptions,
} from './resp.js';

/** Connects, says hello, and closes the connection when the work with the client ends: as `useConnection`. */
export function useRedis<R>(
  options: ConnectOptions & ReplyOptions,
  work: (client: RedisClient) => ObservableInput<R>,
): Observable<R> {
  return fromConnection(options).pipe(
    useConnection((connection) => {
      const client = new RedisClient(connection, options);
      return client.command('HELLO', 3).pipe(mergeMap(() => work(client)));
    }),
  );
}

/** The client on a connection: `HELLO 3` comes first where channels are to be used. */
export class RedisClient {
  /** What the server sends without being asked. */
  readonly pushes$: Observable<Push>;
  readonly #framed: Framed<Reply, readonly Argument[]>;
  readonly #channels = new Map<string, Observable<Reply>>();

  constructor(connection: Connection, options?: ReplyOptions) {
    this.#framed = framed(connection, codec(replies(options), encodeCommand));
    this.pushes$ = this.#framed.pipe(filter((reply) => reply instanceof Push));
  }

  /**
   * Sends a command when it is subscribed to, and emits the reply. Any number may be under way.
   *
   * - **Errors** with an error reply, which is a `RedisError`, and with the loss of the connection.
   */
  command(...args: Argument[]): Observable<Reply> {
    return this.#framed
      .request(args, (reply) => !(reply instanceof Push))
      .pipe(
        map((reply) => {
          if (reply instanceof RedisError) throw reply;
          return reply;
        }),
      );
  }

  /** The messages of a channel: one SUBSCRIBE for all who listen, and UNSUBSCRIBE when the last one has gone. */
  channel(name: string): Observable<Reply> {
    const channel$ = this.#channels.get(name) ?? this.#open(name);
    this.#channels.set(name, channel$);
    return channel$;
  }

  #open(name: string): Observable<Reply> {
    const isMessage = ({ kind, data }: Push): boolean => kind === 'message' && textOf(data[0]) === name;
    return this.#framed
      .multiplex(
        () => ['SUBSCRIBE', name],
        () => ['UNSUBSCRIBE', name],
        (reply) => reply instanceof Push && isMessage(reply),
      )
      .pipe(
        map((push) => (push as Push).data[1]!),
        finalize(() => this.#channels.delete(name)),
        share(),
      );
  }
}

/** Emits the lines to print: the reply to a command, or behind `SUBSCRIBE` the messages of a channel. */
export function redisCommand(port: number, args: readonly string[]): Observable<string> {
  const [name, channel = ''] = args;
  return useRedis({ host: '127.0.0.1', port }, (client) =>
    name?.toUpperCase() === 'SUBSCRIBE' ? client.channel(channel) : client.command(...args),
  ).pipe(map((reply) => (typeof reply === 'string' ? reply : inspect(reply))));
}
