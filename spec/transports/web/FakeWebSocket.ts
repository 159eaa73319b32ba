import type { WebSocketLike } from '../../../src/transports/web/WebSocketLink.js';

type Listener = (event: never) => void;

/** A `WebSocket` played by hand: the test says what happens to it, and sees what was asked of it. */
export class FakeWebSocket implements WebSocketLike {
  binaryType = 'blob';
  readyState = 0;
  bufferedAmount = 0;
  protocol = '';
  readonly url = 'ws://fake.example/';
  readonly calls: string[] = [];
  readonly sent: unknown[] = [];
  /** Whether what is sent waits until `drain()`. */
  holds = false;
  readonly #listeners = new Map<string, Set<Listener>>();

  get listeners(): number {
    return [...this.#listeners.values()].reduce((count, { size }) => count + size, 0);
  }

  send(data: string | ArrayBufferView): void {
    this.sent.push(typeof data === 'string' ? data : [...(data as Uint8Array)]);
    if (this.holds) this.bufferedAmount += typeof data === 'string' ? data.length : data.byteLength;
  }

  /** As a browser, throws for what a program may not close with, and then does nothing. */
  close(code?: number, reason?: string): void {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999)) {
      throw new Error(`InvalidAccessError: ${code}`);
    }
    if (new TextEncoder().encode(reason).length > 123) throw new Error('SyntaxError: the reason is too long');
    this.calls.push(`close ${[code, reason].filter((value) => value !== undefined).join(' ')}`.trimEnd());
    this.readyState = 2;
  }

  addEventListener(type: string, listener: Listener): void {
    if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
    this.#listeners.get(type)!.add(listener);
  }

  removeEventListener(type: string, listener: Listener): void {
    this.#listeners.get(type)?.delete(listener);
  }

  dispatch(type: string, event: object = {}): void {
    for (const listener of [...(this.#listeners.get(type) ?? [])]) listener(event as never);
  }

  open(protocol = ''): void {
    this.readyState = 1;
    this.protocol = protocol;
    this.dispatch('open');
  }

  receive(data: string | Uint8Array): void {
    this.dispatch('message', { data: typeof data === 'string' ? data : data.slice().buffer });
  }

  drain(bytes = this.bufferedAmount): void {
    this.bufferedAmount -= bytes;
  }

  /** The peer closes, or answers a close. */
  closed(code: number, reason = ''): void {
    this.readyState = 3;
    this.dispatch('close', { code, reason, wasClean: code !== 1006 });
  }
}
