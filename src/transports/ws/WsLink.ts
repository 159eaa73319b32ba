import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { WebSocket } from 'ws';
import { attempt } from '../../streams/reportError.js';
import type { SocketAddress } from '../../streams/Transport.js';
import { extraInfo, localAddressOf, type Paths } from '../node/extraInfo.js';
import { readableTlsError } from '../node/readableTlsError.js';
import { brokenWebSocket } from '../web/closeCodes.js';
import type { LinkClosing, Message, MessageLink, MessageLinkReceiver } from '../web/MessageLink.js';
import { OutgoingMessages } from './OutgoingMessages.js';
import { PingWatch } from './PingWatch.js';

/** What a link cannot ask its WebSocket for. @internal */
export interface WsLinkOptions extends Paths {
  /** Of a server: the request that the client came with. */
  request?: IncomingMessage | undefined;
  /** Bytes that a message of the peer may have, as `ws` was told: for the message of the error. */
  maxPayload?: number | undefined;
  /** Milliseconds between pings that find out whether the peer is there; 0 for none. Default: 0. */
  pingInterval?: number | undefined;
  scheduler?: SchedulerLike | undefined;
}

type Phase = 'fresh' | 'open' | 'closing' | 'gone';

/** From this many bytes on what was sent goes out within the tick: the system may as well begin. */
const ENOUGH = 16384;

/**
 * A WebSocket of the package `ws`, of a server or a client, that is open.
 *
 * | phase   | send | pause, resume | a message | close   | abort | an error, the WebSocket is closed |
 * | ------- | ---- | ------------- | --------- | ------- | ----- | --------------------------------- |
 * | fresh   |      | noted         | kept      |         | gone  | kept                              |
 * | open    | sent | done          | delivered | closing | gone  | gone, told                        |
 * | closing | –    | –             | dropped   | –       | gone  | gone, told                        |
 * | gone    | –    | –             | –         | –       | –     | –                                 |
 *
 * `start` leads from `fresh` to `open`, with what was kept. A link that is closing tells the peer when the system has all that
 * was sent: only then `ws` begins to wait for the answer, 30 s. What broke the link resets the connection, as `abort` does.
 *
 * @internal
 */
export class WsLink implements MessageLink {
  readonly flowControl = 'socket';
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #options: WsLinkOptions;
  readonly #sockname: SocketAddress | undefined;
  readonly #watch: PingWatch | undefined;
  readonly #outgoing = new OutgoingMessages((changed) => this.#onTaken(changed));
  #receiver: MessageLinkReceiver | undefined;
  #phase: Phase = 'fresh';
  #paused = false;
  #kept: Message[] = [];
  #closing: LinkClosing | undefined;
  #corked = false;
  #closeWith: readonly [code?: number, reason?: string | undefined] = [];
  /** What broke the socket, which `ws` keeps to itself. */
  #socketError: unknown;

  /** @param socket what the WebSocket runs on: `request.socket` of a server, `response.socket` of a client's `upgrade` */
  constructor(ws: WebSocket, socket: Duplex, options: WsLinkOptions = {}) {
    this.#ws = ws;
    this.#socket = socket;
    this.#options = options;
    this.#sockname = localAddressOf(socket);
    const { pingInterval = 0, scheduler = asyncScheduler } = options;
    if (pingInterval > 0) {
      this.#watch = new PingWatch(ws, socket, pingInterval, scheduler, (error) => this.#lose(error));
    }
    ws.binaryType = 'nodebuffer';
    ws.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    ws.on('error', (error: Error) => this.#end({ error: this.#readable(error) }));
    ws.on('close', (code, reason) => this.#onClose(code, reason.toString()));
    socket.on('error', (error) => (this.#socketError ??= readableTlsError(error)));
    if (ws.readyState === ws.CLOSED) this.#end({ code: 1006 });
    else ws.pause();
  }

  get queuedBytes(): number {
    return this.#outgoing.size;
  }

  start(receiver: MessageLinkReceiver): void {
    this.#receiver = receiver;
    this.#phase = 'open';
    for (const message of this.#kept.splice(0)) this.#deliver(message);
    if (this.#closing !== undefined) {
      this.#end(this.#closing);
      return;
    }
    this.#attempt(() => this.#watch?.start());
    if (!this.#paused) this.resume();
  }

  send(message: Message): void {
    // What comes after the peer's close cannot be sent any more.
    if (this.#phase !== 'open' || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#outgoing.add(message);
    this.#flush();
  }

  pause(): void {
    this.#paused = true;
    // While `ws` answers a close it has to hear the end.
    if (this.#phase !== 'open' || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#watch?.deaf();
    this.#attempt(() => this.#ws.pause());
  }

  resume(): void {
    this.#paused = false;
    if (this.#phase === 'open') this.#attempt(() => this.#ws.resume());
  }

  close(code = 1000, reason?: string): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#closeWith = [code, reason];
    // The peer's answer is behind what it has sent.
    this.#attempt(() => this.#ws.resume());
    this.#flush();
  }

  abort(): void {
    if (this.#phase === 'gone') return;
    this.#phase = 'gone';
    this.#watch?.stop();
    attempt(() => this.#reset());
  }

  getExtraInfo(name: string): unknown {
    if (name === 'socket') return this.#socket;
    if (name === 'request') return this.#options.request;
    if (name === 'protocol') return this.#ws.protocol;
    let info: unknown;
    this.#attempt(() => (info = extraInfo(name, this.#socket, this.#socket, this.#sockname, this.#options)));
    return info;
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#watch?.heard();
    if (this.#phase === 'open') this.#deliver(isBinary ? data : data.toString());
    else if (this.#phase === 'fresh') this.#kept.push(isBinary ? data : data.toString());
  }

  #deliver(message: Message): void {
    // Within the parser of `ws`, which would never recover from an error.
    if (this.#phase === 'open') attempt(() => this.#receiver!.message(message));
  }

  static #onTick(this: void, link: WsLink): void {
    link.#attempt(() => link.#uncork());
  }

  /** What is sent in one tick leaves together. */
  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#socket.cork();
    process.nextTick(WsLink.#onTick, this);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#socket.uncork();
  }

  #flush(): void {
    this.#attempt(() => {
      if (this.#outgoing.waits) {
        this.#cork();
        const bytes = this.#outgoing.sendTo(this.#ws);
        this.#watch?.sent(bytes);
        if (this.#socket.writableLength >= ENOUGH) this.#uncork();
      }
      if (this.#phase === 'closing' && this.#outgoing.isEmpty) this.#ws.close(...this.#closeWith);
    });
  }

  #onTaken(changed?: Error): void {
    if (this.#phase === 'gone') return;
    if (changed !== undefined) {
      this.#lose(changed);
      return;
    }
    this.#flush();
    attempt(() => this.#receiver!.sent());
  }

  #onClose(code: number, reason: string): void {
    const cause = this.#socketError;
    // 1006 is no code of the peer's: it has said nothing.
    const error = code === 1006 && cause !== undefined ? brokenWebSocket(code, reason, cause) : undefined;
    this.#end({ code, reason, error });
  }

  #attempt(call: () => void): void {
    attempt(call, (error) => this.#lose(error));
  }

  /** Breaks the link, for the peer too. */
  #lose(error: unknown): void {
    if (this.#phase === 'gone') return;
    this.#end({ error });
    attempt(() => this.#reset());
  }

  #reset(): void {
    const socket = this.#socket;
    // Only TCP knows a reset, and only TCP sockets have a family. After a FIN libuv refuses to send one.
    const canReset =
      socket instanceof Socket && !(socket instanceof TLSSocket) && socket.remoteFamily !== undefined;
    if (canReset && !socket.writableEnded) socket.resetAndDestroy();
    else this.#ws.terminate();
  }

  #end(closing: LinkClosing): void {
    if (this.#phase === 'gone') return;
    if (this.#phase === 'fresh') {
      this.#closing ??= closing;
      return;
    }
    this.#phase = 'gone';
    this.#watch?.stop();
    attempt(() => this.#receiver!.closed(closing));
  }

  /** The errors of `ws` do not say what the limit is. */
  #readable(error: Error & { code?: unknown }): Error {
    const { maxPayload } = this.#options;
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' && maxPayload !== undefined) {
      error.message = `A message of the peer has more than maxPayload, ${maxPayload} bytes`;
    }
    return error;
  }
}
