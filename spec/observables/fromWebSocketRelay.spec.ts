import {
  catchError,
  defer,
  firstValueFrom,
  lastValueFrom,
  of,
  pairwise,
  reduce,
  switchMap,
  takeWhile,
  timer,
  toArray,
} from 'rxjs';

import {
  ConnectionLostError,
  ConnectTimeoutError,
  messages,
  useConnection,
  WebSocketCloseError,
  type Connection,
} from '../../src/index.js';
import { closeWebSocket, fromWebSocket, type WebSocketOptions } from '../../src/web.js';
import { text } from '../contracts/bytes.js';
import { newId, pairUrl, relay } from '../transports/web/relay.js';

const MEBIBYTE = 2 ** 20;
/** A busy machine may need so long for 64 MiB. */
const PATIENCE_MS = 60_000;
const inBrowser = 'WebSocketStream' in globalThis;

/** On the platform's best, or on a plain WebSocket. */
type Kind = 'the best that is there' | 'a plain WebSocket';

function target(kind: Kind, url: string) {
  // Node 20 has none of its own.
  if (kind === 'the best that is there' && inBrowser) return url;
  return (protocols: string[]) => new relay.WebSocket(url, protocols);
}

async function connect(kind: Kind, url: string, options?: WebSocketOptions): Promise<Connection> {
  // Not `firstValueFrom`, which would unsubscribe, and so close it.
  return new Promise((found, failed) => {
    fromWebSocket(target(kind, url), options).subscribe({ next: found, error: failed });
  });
}

async function lossOf({ writer }: Connection): Promise<WebSocketCloseError> {
  const error = await firstValueFrom(writer.waitClosed()).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(ConnectionLostError);
  return (error as ConnectionLostError).cause as WebSocketCloseError;
}

/** How many bytes of a flood the server has got rid of, once that stays the same for a while. */
function stalledAt(id: string): Promise<number> {
  const asked = defer(() => fetch(`${relay.url.replace('ws:', 'http:')}/flood/sent?id=${id}`)).pipe(
    switchMap((response) => response.text()),
    catchError(() => of('0')),
  );
  return lastValueFrom(
    timer(0, 250).pipe(
      switchMap(() => asked),
      pairwise(),
      takeWhile(([before, now]) => before !== now || now === '0', true),
      reduce((_, [, now]) => Number(now), 0),
    ),
  );
}

for (const kind of ['the best that is there', 'a plain WebSocket'] as const) {
  describe(`fromWebSocket on ${kind}, on a real socket`, () => {
    it('echoes lines', async () => {
      const lines = fromWebSocket(target(kind, `${relay.url}/echo`)).pipe(
        useConnection(({ reader, writer }) => {
          writer.write('one\ntwö\n');
          return reader.lines().pipe(takeWhile((line) => line !== 'twö', true));
        }),
        toArray(),
      );
      expect(await lastValueFrom(lines)).toEqual(['one', 'twö']);
    });

    it('says which flow control it has', async () => {
      const connection = await connect(kind, `${relay.url}/echo`);
      const wanted = !inBrowser ? 'socket' : kind === 'a plain WebSocket' ? 'bound' : 'stream';
      expect(connection.writer.getExtraInfo('flowControl')).toBe(wanted);
      expect(connection.writer.getExtraInfo('url')).toBe(`${relay.url}/echo`);
      connection.writer.close();
      await firstValueFrom(connection.writer.waitClosed());
    });

    it('tells text and bytes apart in message mode', async () => {
      const connection = await connect(kind, `${relay.url}/text`, { mode: 'messages' });
      expect(await firstValueFrom(connection.reader.readFrame(messages()))).toBe('text ✓');
      expect(await firstValueFrom(connection.reader.readFrame(messages()))).toEqual(
        Uint8Array.of(0, 1, 254, 255),
      );
      connection.writer.close();
      await firstValueFrom(connection.writer.waitClosed());
    });

    it('echoes messages of every kind and length', async () => {
      const connection = await connect(kind, `${relay.url}/echo`, { mode: 'messages' });
      const sent = ['', 'text', new Uint8Array(0), new Uint8Array(300_000).fill(7), 'é'.repeat(100_000)];
      for (const message of sent) connection.writer.write(message);
      for (const message of sent) {
        expect(await firstValueFrom(connection.reader.readFrame(messages()))).toEqual(message);
      }
      connection.writer.close();
      await firstValueFrom(connection.writer.waitClosed());
    });

    it('agrees on a subprotocol', async () => {
      const connection = await connect(kind, `${relay.url}/echo`, { protocols: ['chat', 'talk'] });
      expect(connection.writer.getExtraInfo('protocol')).toBe('chat');
      connection.writer.close();
      await firstValueFrom(connection.writer.waitClosed());
    });

    it('takes 1000 for an end and others for a loss, with the reason of the peer', async () => {
      const clean = await connect(kind, `${relay.url}/close/1000?reason=bye`);
      expect((await firstValueFrom(clean.reader.read())).length).toBe(0);
      await firstValueFrom(clean.writer.waitClosed());
      expect(clean.writer.getExtraInfo('closeReason')).toBe('bye');
      for (const code of [1011, 4321]) {
        const loss = await lossOf(await connect(kind, `${relay.url}/close/${code}?reason=why`));
        expect([loss.closeCode, loss.closeReason]).toEqual([code, 'why']);
      }
    });

    it('is lost with 1006 when the link breaks', async () => {
      const loss = await lossOf(await connect(kind, `${relay.url}/terminate`));
      expect(loss.closeCode).toBe(1006);
    });

    it('errors when the server refuses', async () => {
      const error = await connect(kind, `${relay.url}/refuse`).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(WebSocketCloseError);
      expect(String(error)).toContain(`${relay.url}/refuse could not be opened`);
    });

    it('gives up on a server that does not answer', async () => {
      const error = await connect(kind, relay.silentUrl, { connectTimeout: 50 }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(ConnectTimeoutError);
    });

    it('closes with a code and a reason, after what was written', async () => {
      const url = pairUrl();
      const [one, other] = [await connect(kind, url), await connect(kind, url)];
      one.writer.write('last words');
      closeWebSocket(one, 4001, 'seen enough');
      expect(text(await firstValueFrom(other.reader.readExactly(10)))).toBe('last words');
      const loss = await lossOf(other);
      expect([loss.closeCode, loss.closeReason]).toEqual([4001, 'seen enough']);
      await firstValueFrom(one.writer.waitClosed()).catch(() => undefined);
    });

    it(
      'takes a flood, every byte of it, and stops the server where it can',
      async () => {
        const id = newId();
        const total = 64 * MEBIBYTE;
        const connection = await connect(kind, `${relay.url}/flood?bytes=${total}&id=${id}`, {
          receiveLimit: 2 * total,
        });
        if (connection.writer.getExtraInfo('flowControl') !== 'bound') {
          expect(await stalledAt(id)).toBeLessThan(total / 2);
        }
        let at = 0;
        let wrong = 0;
        await lastValueFrom(
          connection.reader.consume(chunksOf(), (chunk) => {
            for (const byte of chunk) if (byte !== ((at++ * 31 + 7) & 255)) wrong++;
          }),
          { defaultValue: undefined },
        );
        expect([at, wrong]).toEqual([total, 0]);
      },
      PATIENCE_MS,
    );
  });
}

/** What is there, as it is. */
function chunksOf() {
  return () => ({
    decode: (bytes: { length: number; takeExactly(n: number): Uint8Array | undefined }) =>
      bytes.length === 0 ? undefined : bytes.takeExactly(bytes.length),
  });
}
