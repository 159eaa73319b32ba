import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { filter, fromEvent, map, merge, mergeMap, ReplaySubject, startWith, Subject, throwError } from 'rxjs';
import { WebSocket, WebSocketServer, type ClientOptions, type ServerOptions } from 'ws';
import { WsLink, type WsLinkOptions } from '../../../src/transports/ws/WsLink.js';
import type {
  LinkClosing,
  Message,
  MessageLink,
  MessageLinkReceiver,
} from '../../../src/transports/web/MessageLink.js';
import { eventually } from '../../contracts/eventually.js';
import { server as certificate } from '../node/certificates.js';

const host = '127.0.0.1';

/** Both ends of an open WebSocket, as `ws` has them. */
export interface WsPair {
  client: WebSocket;
  clientSocket: Socket;
  server: WebSocket;
  request: IncomingMessage;
}

export interface WsPairOptions {
  server?: Partial<ServerOptions> & { closeTimeout?: number };
  client?: ClientOptions;
  protocols?: string[];
  /** Encrypted. Default: false. */
  tls?: boolean;
}

export interface WsPeers {
  pair(options?: WsPairOptions): Promise<WsPair>;
  /** A client of `ws`, open; what goes wrong with it later is no news. */
  connect(url: string, protocols?: string[], options?: ClientOptions): Promise<[WebSocket, Socket]>;
  /** What a server answers to a client of `ws` that it refuses. */
  refusal(url: string, protocols?: string[], options?: ClientOptions): Promise<IncomingMessage>;
  /** A socket on which a spec speaks for itself. */
  raw(port: number): Promise<Socket>;
  /** An HTTP server on a free port. */
  listen(server?: Server | SecureServer): Promise<[Server | SecureServer, port: number]>;
}

/** Peers that speak WebSocket. Call it in a `describe`: after each spec all of them are destroyed. */
export function wsPeers(): WsPeers {
  const sockets = new Set<Socket>();
  const servers = new Set<Server | SecureServer>();

  function keep<T extends Socket>(socket: T): T {
    sockets.add(socket);
    socket.on('error', () => undefined);
    return socket;
  }

  function start(url: string, protocols: string[], options: ClientOptions): WebSocket {
    return new WebSocket(url, protocols, options).on('error', () => undefined);
  }

  async function open(
    url: string,
    protocols: string[] = [],
    options: ClientOptions = {},
  ): Promise<[WebSocket, Socket]> {
    const client = start(url, protocols, options);
    const upgraded = new ReplaySubject<IncomingMessage>(1);
    client.once('upgrade', (response) => upgraded.next(response));
    const failed = fromEvent(client, 'error').pipe(mergeMap((error) => throwError(() => error)));
    // In the call that tells of it: a step later messages would be lost.
    const opened = fromEvent(client, 'open').pipe(map(() => client.pause()));
    await eventually('the client to be open', merge(opened, failed));
    const { socket } = await eventually('the upgrade', upgraded);
    client.resume();
    return [client, keep(socket)];
  }

  async function listen(
    server: Server | SecureServer = createServer(),
  ): Promise<[Server | SecureServer, number]> {
    servers.add(server);
    server.on('connection', keep).listen({ host, port: 0 });
    await eventually('the server to listen', fromEvent(server, 'listening'));
    return [server, (server.address() as AddressInfo).port];
  }

  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    for (const server of servers) server.close();
    servers.clear();
  });

  return {
    connect: open,
    listen,
    async refusal(url, protocols = [], options = {}) {
      const client = start(url, protocols, options);
      const answer = new Promise<IncomingMessage>((resolve, reject) => {
        client.once('unexpected-response', (_request, response) => resolve(response));
        client.once('open', () => reject(new Error('it was accepted')));
      });
      const response = await eventually('the refusal', answer);
      keep(response.socket).destroy();
      return response;
    },
    async raw(port) {
      const socket = keep(connect({ port, host, allowHalfOpen: true }));
      await eventually('the connection', fromEvent(socket, 'connect'));
      return socket;
    },
    async pair({ server: serverOptions = {}, client: clientOptions = {}, protocols = [], tls = false } = {}) {
      const [http, port] = await listen(tls ? createSecureServer(certificate) : undefined);
      const webSocketServer = new WebSocketServer({ server: http, ...serverOptions });
      const accepted = new ReplaySubject<[WebSocket, IncomingMessage]>(1);
      webSocketServer.on('connection', (...args) => {
        // Until the spec has it.
        args[0].pause();
        args[0].on('error', () => undefined);
        accepted.next(args);
      });
      const [client, clientSocket] = await open(`${tls ? 'wss' : 'ws'}://${host}:${port}`, protocols, {
        rejectUnauthorized: false,
        ...clientOptions,
      });
      const [server, request] = await eventually('the server', accepted);
      server.resume();
      return { client, clientSocket, server, request };
    },
  };
}

/** The two ends of a pair as links. */
export function linksOf(
  { client, clientSocket, server, request }: WsPair,
  options: WsLinkOptions = {},
): [client: WsLink, server: WsLink] {
  return [new WsLink(client, clientSocket), new WsLink(server, request.socket, { request, ...options })];
}

/** What a link tells, written down. */
export class LinkRecord implements MessageLinkReceiver {
  readonly messages: Message[] = [];
  readonly closings: LinkClosing[] = [];
  /** `queuedBytes` at each `sent`. */
  readonly queues: number[] = [];
  onMessage: (message: Message) => void = () => undefined;
  readonly #link: MessageLink;
  readonly #told = new Subject<void>();

  private constructor(link: MessageLink) {
    this.#link = link;
  }

  /** Starts the link, and records what it tells. */
  static of(link: MessageLink): LinkRecord {
    const record = new LinkRecord(link);
    link.start(record);
    return record;
  }

  message(message: Message): void {
    this.messages.push(message);
    this.#told.next();
    this.onMessage(message);
  }

  sent(): void {
    this.queues.push(this.#link.queuedBytes);
    this.#told.next();
  }

  closed(closing: LinkClosing): void {
    this.closings.push(closing);
    this.#told.next();
  }

  async untilReceived(count: number): Promise<Message[]> {
    await this.#until(`${count} messages`, () => this.messages.length >= count);
    return this.messages;
  }

  untilSent(): Promise<unknown> {
    return this.#until('everything to be sent', () => this.#link.queuedBytes === 0);
  }

  async untilClosed(): Promise<LinkClosing> {
    await this.#until('the link to be closed', () => this.closings.length > 0);
    return this.closings[0]!;
  }

  #until(what: string, reached: () => boolean): Promise<unknown> {
    return eventually(what, this.#told.pipe(startWith(undefined), filter(reached)));
  }
}
