import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { asyncScheduler, type SchedulerLike } from 'rxjs';
import type { RawData, WebSocket } from 'ws';
import { reportError } from '../../streams/reportError.js';
import type { SocketAddress } from '../../streams/Transport.js';
import { extraInfo, localAddressOf, type Paths } from '../node/extraInfo.js';
import { readableTlsError } from '../node/readableTlsError.js';
import type { LinkClosing, Message, MessageLink, MessageLinkReceiver } from '../web/MessageLink.js';
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
 * | phase   | send | pause, resume | a message | close   | abort, error | the WebSocket is closed |
 * | ------- | ---- | ------------- | --------- | ------- | ------------ | ----------------------- |
 * | fresh   |      |               | kept      |         | kept         | kept                    |
 * | open    | sent | done          | delivered | closing | gone         | gone                    |
 * | closing | –    | –             | dropped   | –       | gone         | gone                    |
 * | gone    | –    | –             | –         | –       | –            | –                       |
 *
 * `gone` is where `closed` is told; `start` leads from `fresh` to `open` with what was kept. A WebSocket that is closing tells
 * the peer when all that was sent has been handed to the system: from then on `ws` waits 30 s for the answer.
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
  #receiver: MessageLinkReceiver | undefined;
  #phase: Phase = 'fresh';
  #kept: Message[] | undefined;
  #closing: LinkClosing | undefined;
  #queued = 0;
  // What was sent in this tick, and waits to leave with what may yet be sent in it.
  #corked = 0;
  /** The arguments of `close`, once it was called. */
  #closeWith: [code?: number, reason?: string] = [];
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
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on('error', (error: Error) => this.#end({ error: this.#readable(error) }));
    ws.on('close', (code, reason) => this.#onClose(code, String(reason)));
    socket.on('error', (error) => (this.#socketError ??= readableTlsError(error)));
    if (ws.readyState === ws.CLOSED) this.#end({ code: 1006 });
    else ws.pause();
  }

  get queuedBytes(): number {
    return this.#queued;
  }

  start(receiver: MessageLinkReceiver): void {
    this.#receiver = receiver;
    this.#phase = 'open';
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const message of kept) this.#deliver(message);
    if (this.#closing !== undefined) {
      this.#end(this.#closing);
      return;
    }
    this.#attempt(() => this.#watch?.start());
    this.resume();
  }

  send(message: Message): void {
    if (this.#phase !== 'open') return;
    const binary = typeof message !== 'string';
    const size = binary ? message.length : Buffer.byteLength(message);
    this.#queued += size;
    this.#watch?.sent(size);
    this.#attempt(() => {
      this.#cork(size);
      this.#ws.send(message, { binary }, (error) => this.#onSent(message, size, error));
      if (this.#corked >= ENOUGH) this.#uncork();
    });
  }

  pause(): void {
    // While `ws` answers a close it has to hear the end.
    if (this.#phase !== 'open' || this.#ws.readyState !== this.#ws.OPEN) return;
    this.#watch?.deaf();
    this.#attempt(() => this.#ws.pause());
  }

  resume(): void {
    if (this.#phase === 'open') this.#attempt(() => this.#ws.resume());
  }

  close(code?: number, reason?: string): void {
    if (this.#phase !== 'open') return;
    this.#phase = 'closing';
    this.#watch?.stop();
    if (code !== undefined) this.#closeWith = reason === undefined ? [code] : [code, reason];
    this.#attempt(() => {
      // The peer's answer is behind what it has sent.
      this.#ws.resume();
      this.#closeWhenSent();
    });
  }

  abort(): void {
    if (this.#phase === 'gone') return;
    this.#lose(undefined);
  }

  getExtraInfo(name: string): unknown {
    if (name === 'socket') return this.#socket;
    if (name === 'request') return this.#options.request;
    let info: unknown;
    this.#attempt(() => {
      info =
        name === 'protocol'
          ? this.#ws.protocol
          : extraInfo(name, this.#socket, this.#socket, this.#sockname, this.#options);
    });
    return info;
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const buffer = data as Buffer;
    const message = isBinary ? buffer : buffer.toString();
    this.#watch?.heard();
    if (this.#phase === 'open') this.#deliver(message);
    else if (this.#phase === 'fresh') (this.#kept ??= []).push(message);
  }

  #deliver(message: Message): void {
    if (this.#phase !== 'open') return;
    try {
      this.#receiver!.message(message);
    } catch (error) {
      // Within the parser of `ws`, which would never recover from it.
      reportError(error);
    }
  }

  #onSent(message: Message, size: number, error?: Error | null): void {
    // A failed one belongs to a link that is about to be closed.
    if (error || this.#phase === 'gone' || this.#phase === 'fresh') return;
    if (typeof message !== 'string' && message.length !== size) {
      this.#lose(new Error(unchangedNeeded(size, message.length)));
      return;
    }
    this.#queued -= size;
    if (this.#phase === 'closing') this.#attempt(() => this.#closeWhenSent());
    try {
      this.#receiver!.sent();
    } catch (thrown) {
      reportError(thrown);
    }
  }

  #closeWhenSent(): void {
    if (this.#queued === 0) this.#ws.close(...this.#closeWith);
  }

  #onClose(code: number, reason: string): void {
    // 1006 is no code of the peer's: it has said nothing.
    this.#end(code === 1006 ? { code, reason, error: this.#socketError } : { code, reason });
  }

  #cork(size: number): void {
    if (this.#corked === 0) {
      this.#socket.cork();
      process.nextTick(WsLink.#onTick, this);
    }
    // An empty message is one as well.
    this.#corked += size + 1;
  }

  #uncork(): void {
    this.#corked = 0;
    this.#socket.uncork();
  }

  static #onTick(this: void, link: WsLink): void {
    if (link.#corked > 0) link.#attempt(() => link.#uncork());
  }

  #attempt(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#lose(error);
    }
  }

  /** Breaks the link, for the peer too. */
  #lose(error: unknown): void {
    const phase = this.#phase;
    this.#end(error === undefined ? {} : { error });
    if (phase === 'gone') return;
    try {
      this.#reset();
    } catch (thrown) {
      reportError(thrown);
    }
  }

  #reset(): void {
    const socket = this.#socket;
    // Only TCP knows a reset, and only TCP sockets have a family. After a FIN libuv refuses to send one.
    if (
      socket instanceof Socket &&
      !(socket instanceof TLSSocket) &&
      socket.remoteFamily !== undefined &&
      !socket.writableEnded
    ) {
      socket.resetAndDestroy();
    } else {
      this.#ws.terminate();
    }
  }

  #end(closing: LinkClosing): void {
    if (this.#phase === 'fresh') {
      this.#closing ??= closing;
      return;
    }
    if (this.#phase === 'gone') return;
    this.#phase = 'gone';
    this.#watch?.stop();
    this.#queued = 0;
    try {
      this.#receiver!.closed(closing);
    } catch (error) {
      reportError(error);
    }
  }

  /** The errors of `ws` do not say what the limit is. */
  #readable(error: Error & { code?: unknown }): Error {
    if (error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH' && this.#options.maxPayload !== undefined) {
      error.message = `A message of the peer has more than maxPayload, ${this.#options.maxPayload} bytes`;
    }
    return error;
  }
}

function unchangedNeeded(size: number, left: number): string {
  return `Of ${size} bytes that were sent ${left} are left: their memory was transferred or resized before they were sent`;
}
