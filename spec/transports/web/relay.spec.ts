import { newId, pairUrl, relay } from './relay.js';

const MIB = 1024 * 1024;
/** What a busy machine may take for 64 MiB. */
const PATIENCE_MS = 60_000;

describe('The relay', () => {
  const opened: Peer[] = [];

  afterEach(async () => {
    for (const peer of opened) peer.socket.close();
    await Promise.all(opened.splice(0).map((peer) => peer.closed));
  });

  /** Connects, and waits until the socket is open. */
  async function connect(url: string, protocols?: string[]): Promise<Peer> {
    const peer = new Peer(url, protocols);
    opened.push(peer);
    await peer.open;
    return peer;
  }

  describe('/pair', () => {
    it('hands on text and bytes as they are, both ways', async () => {
      const url = pairUrl();
      const [one, other] = [await connect(url), await connect(url)];
      one.socket.send('žluť');
      one.socket.send(Uint8Array.of(0, 255));
      one.socket.send('');
      other.socket.send('back');
      expect(await other.next()).toBe('žluť');
      expect(await other.next()).toEqual(Uint8Array.of(0, 255));
      expect(await other.next()).toBe('');
      expect(await one.next()).toBe('back');
    });

    it('keeps what comes before the second socket, and the close', async () => {
      const url = pairUrl();
      const one = await connect(url);
      one.socket.send('first');
      one.socket.send('second');
      one.socket.close(4001, 'early');
      await one.closed;
      const other = await connect(url);
      expect(await other.next()).toBe('first');
      expect(await other.next()).toBe('second');
      expect(await other.closed).toEqual({ code: 4001, reason: 'early' });
    });

    it('hands on the close code and the reason', async () => {
      const url = pairUrl();
      const [one, other] = [await connect(url), await connect(url)];
      one.socket.send('before');
      one.socket.close(4321, 'because');
      expect(await other.next()).toBe('before');
      expect(await other.closed).toEqual({ code: 4321, reason: 'because' });
      expect(await one.closed).toEqual({ code: 4321, reason: 'because' });
    });

    it('hands on a close without a code', async () => {
      const url = pairUrl();
      const [one, other] = [await connect(url), await connect(url)];
      one.socket.close();
      expect(await other.closed).toEqual({ code: 1005, reason: '' });
    });

    it('joins no sockets of different IDs', async () => {
      const [oneUrl, otherUrl] = [pairUrl(), pairUrl()];
      const ends = [await connect(oneUrl), await connect(otherUrl)] as const;
      const [one, other] = [await connect(oneUrl), await connect(otherUrl)];
      ends[0].socket.send('one');
      ends[1].socket.send('other');
      expect(await other.next()).toBe('other');
      expect(await one.next()).toBe('one');
    });

    it('accepts the first of the subprotocols, the one that the URL names, or none', async () => {
      const protocols = ['a', 'b'];
      const peers = [
        await connect(pairUrl(), protocols),
        await connect(`${pairUrl()}?protocol=b`, protocols),
        await connect(`${pairUrl()}?protocol=b`),
      ];
      expect(peers.map(({ socket }) => socket.protocol)).toEqual(['a', 'b', '']);
      await expectRefused(`${pairUrl()}?protocol=`, protocols);
    });

    it('breaks the connection of one end for the other', async () => {
      const url = pairUrl();
      const [one, other] = [await connect(url), await connect(url)];
      one.socket.send('before');
      await other.next();
      one.socket.close(4999);
      expect(await other.closed).toEqual({ code: 1006, reason: '' });
    });

    it(
      'stops the one that sends while the other reads nothing, and loses nothing',
      async () => {
        const message = new Uint8Array(MIB);
        const [stalledUrl, url] = [pairUrl(), pairUrl()];
        const stalled = await stalledReader(stalledUrl);
        const [stopped, sender, reader] = [await connect(stalledUrl), await connect(url), await connect(url)];
        for (let i = 0; i < 64; i++) stopped.socket.send(message);
        // The same amount passes in the meantime where it is read.
        for (let i = 0; i < 64; i++) sender.socket.send(message);
        sender.socket.close(1000);
        await reader.closed;
        expect(reader.bytes).toBe(64 * MIB);
        expect(stopped.socket.bufferedAmount).toBeGreaterThan(16 * MIB);
        stopped.socket.close(1000);
        expect(await stalled.readAll()).toBe(64 * MIB);
      },
      PATIENCE_MS,
    );
  });

  it('/echo sends every message back', async () => {
    const { socket, next } = await connect(`${relay.url}/echo`);
    socket.send('text');
    socket.send(Uint8Array.of(1, 2));
    expect([await next(), await next()]).toEqual(['text', Uint8Array.of(1, 2)]);
  });

  it('/text sends a text and a binary message', async () => {
    const { next } = await connect(`${relay.url}/text`);
    expect([await next(), await next()]).toEqual(['text ✓', Uint8Array.of(0, 1, 254, 255)]);
  });

  it('/close closes with the code and the reason', async () => {
    const { closed } = await connect(`${relay.url}/close/4567?reason=so%20it%20is`);
    expect(await closed).toEqual({ code: 4567, reason: 'so it is' });
    expect((await (await connect(`${relay.url}/close/1005`)).closed).code).toBe(1005);
  });

  it('/terminate breaks the connection', async () => {
    const { closed } = await connect(`${relay.url}/terminate`);
    expect(await closed).toEqual({ code: 1006, reason: '' });
  });

  it('/refuse and unknown paths refuse', async () => {
    await expectRefused(`${relay.url}/refuse`);
    await expectRefused(`${relay.url}/unknown`);
    await expectRefused(relay.url);
  });

  it('never answers at silentUrl', async () => {
    const silent = new Peer(relay.silentUrl);
    opened.push(silent);
    silent.open.catch(() => {});
    // Later ones are answered meanwhile.
    await connect(`${relay.url}/echo`);
    await connect(`${relay.url}/echo`);
    expect(silent.socket.readyState).toBe(silent.socket.CONNECTING);
    silent.socket.close();
    expect((await silent.closed).code).toBe(1006);
  });

  describe('/flood', () => {
    it('sends the bytes of the pattern, and closes', async () => {
      const { next, closed } = await connect(`${relay.url}/flood?bytes=150001`);
      let offset = 0;
      for (const length of [65536, 65536, 150001 - 2 * 65536]) {
        const start = offset;
        offset += length;
        expect(await next()).toEqual(Uint8Array.from({ length }, (_, i) => ((start + i) * 31 + 7) & 255));
      }
      expect((await closed).code).toBe(1000);
    });

    it(
      'stops while the reader is stalled, and tells how much was taken',
      async () => {
        const bytes = 64 * MIB;
        const [stalledId, otherId] = [newId(), newId()];
        const flood = (id: string) => `${relay.url}/flood?bytes=${bytes}&id=${id}`;
        const stalled = await stalledReader(flood(stalledId));
        // One that reads gets as much in the meantime.
        const other = await connect(flood(otherId));
        await other.closed;
        expect(other.bytes).toBe(bytes);
        expect(await sentBytes(otherId)).toBe(bytes);
        expect(await sentBytes(stalledId)).toBeLessThan(bytes / 2);
        expect(await stalled.readAll()).toBe(bytes);
        expect(await sentBytes(stalledId)).toBe(bytes);
      },
      PATIENCE_MS,
    );
  });
});

class Peer {
  readonly socket: WebSocket;
  readonly open: Promise<unknown>;
  readonly closed: Promise<{ code: number; reason: string }>;
  /** How many bytes of binary messages have come. */
  bytes = 0;
  readonly #messages: unknown[] = [];
  #wake: (() => void) | undefined;

  constructor(url: string, protocols: string[] = []) {
    this.socket = new relay.WebSocket(url, protocols);
    this.socket.binaryType = 'arraybuffer';
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason }) => resolve({ code, reason });
    });
    this.open = new Promise((resolve, reject) => {
      this.socket.onopen = resolve;
      this.socket.onerror = () => reject(new Error(`${url} did not open`));
    });
    this.socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== 'string') this.bytes += data.byteLength;
      this.#messages.push(typeof data === 'string' ? data : new Uint8Array(data));
      this.#wake?.();
    };
  }

  next = async (): Promise<unknown> => {
    while (this.#messages.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#messages.shift();
  };
}

async function expectRefused(url: string, protocols?: string[]): Promise<void> {
  const peer = new Peer(url, protocols);
  await expectAsync(peer.open).toBeRejected();
  expect((await peer.closed).code).toBe(1006);
}

async function sentBytes(id: string): Promise<number> {
  const response = await fetch(`${relay.url.replace('ws:', 'http:')}/flood/sent?id=${id}`);
  return Number(await response.text());
}

interface StalledReader {
  /** Reads on to the end, and tells how many bytes have come. */
  readAll(): Promise<number>;
}

/** An open WebSocket that reads nothing yet: a WebSocketStream nobody reads from, or in Node one that is paused. */
async function stalledReader(url: string): Promise<StalledReader> {
  if ('WebSocketStream' in globalThis) {
    const { opened } = new (WebSocketStream as WebSocketStreamConstructor)(url);
    const { readable } = await opened;
    return {
      async readAll() {
        let bytes = 0;
        const reader = readable.getReader();
        for (let it = await reader.read(); !it.done; it = await reader.read()) bytes += it.value.byteLength;
        return bytes;
      },
    };
  }
  const peer = new Peer(url);
  const socket = peer.socket as WebSocket & { pause(): void; resume(): void };
  await peer.open;
  socket.pause();
  return {
    async readAll() {
      socket.resume();
      await peer.closed;
      return peer.bytes;
    },
  };
}

/** Chromium's, of which the compiler's library knows nothing. */
declare const WebSocketStream: unknown;
type WebSocketStreamConstructor = new (url: string) => {
  readonly opened: Promise<{ readable: ReadableStream<ArrayBuffer> }>;
};
