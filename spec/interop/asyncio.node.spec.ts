import { createHash } from 'node:crypto';
import { concat, concatMap, lastValueFrom, merge, Subject, takeUntil, tap, toArray } from 'rxjs';
import { openConnection } from '../../src/observables/openConnection.js';
import type { Server } from '../../src/server/Server.js';
import { serverConnections$ } from '../../src/server/serverConnections.js';
import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { bytes, difference, text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { PythonPeer, pythonIsMissing } from './PythonPeers.js';

const host = '127.0.0.1';
const MEBIBYTE = 2 ** 20;
const missing = pythonIsMissing();
const megabyte = Uint8Array.from({ length: MEBIBYTE }, (_, i) => (i * 7) % 251);
const success = { told: [], stderr: '', exitCode: 0 };

function digest(data: Uint8Array): [number, string] {
  return [data.length, createHash('sha256').update(data).digest('hex')];
}

describe("A conversation with Python's asyncio", () => {
  let python: PythonPeer | undefined;
  let connection: Connection | undefined;
  const finish = new Subject<void>();

  beforeEach(() => {
    if (missing !== undefined) pending(`python3 is not on this machine: ${missing}`);
  });

  afterEach(async () => {
    await python?.kill();
    connection?.writer.abort();
    finish.next();
    python = connection = undefined;
  });

  /** Which side is ours: a client of asyncio.start_server, or the server of an asyncio.open_connection. */
  const sides: Record<string, (name: string) => Promise<{ peer: PythonPeer; ours: Connection }>> = {
    'our client and its server': async (name) => {
      const peer = (python = new PythonPeer(['serve', name]));
      const ours = (connection = await openConnection({ host, port: (await peer.told()) as number }));
      return { peer, ours };
    },
    'our server and its client': async (name) => {
      const server = await new Promise<Server>((resolve, reject) => {
        serverConnections$({ host, port: 0, onListening: resolve })
          .pipe(takeUntil(finish))
          .subscribe({ next: (accepted) => arrived.next(accepted), error: reject });
      });
      const accepted = eventually('the Python client', arrived);
      const peer = (python = new PythonPeer(['connect', name, String(server.addresses[0]!.port)]));
      const ours = (connection = await accepted);
      return { peer, ours };
    },
  };
  const arrived = new Subject<Connection>();

  async function close(ours: Connection): Promise<void> {
    const closed = eventually('the close of our side', ours.writer.waitClosed());
    ours.writer.close();
    await closed;
  }

  for (const [side, begin] of Object.entries(sides)) {
    describe(`between ${side}`, () => {
      it('goes line by line with readline', async () => {
        const { peer, ours } = await begin('lines');
        for (const line of ['one\n', 'zwei: grün\n', '\n']) {
          ours.writer.write(line);
          expect(text(await eventually('an answer', ours.reader.readLine()))).toBe(line.toUpperCase());
          expect(await peer.told()).toBe(line);
        }
        ours.writer.write('without end');
        ours.writer.writeEof();
        expect(text(await eventually('the last answer', ours.reader.read()))).toBe('WITHOUT END');
        await close(ours);
        expect(await peer.rest()).toEqual({ ...success, told: ['without end'] });
      });

      it('goes frame by frame with readuntil and readexactly', async () => {
        const { peer, ours } = await begin('frames');
        const { reader, writer } = ours;
        for (const body of ['hello', 'a\r\nb', '0123456789'.repeat(10_000)]) {
          writer.write(`${body.length}\r\n`);
          writer.write(body);
          const answer = reader
            .readUntil('\r\n')
            .pipe(concatMap((header) => reader.readExactly(Number(text(header)))));
          expect(difference(await eventually('an answer', answer), bytes(body).reverse())).toBe('none');
          expect(difference(bytes(String(await peer.told())), bytes(body))).toBe('none');
        }
        writer.write('12');
        await close(ours);
        expect(await peer.rest()).toEqual({ ...success, told: [['incomplete', '12']] });
      });

      it('ends our direction with writeEof, and still gets the answer', async () => {
        const { peer, ours } = await begin('half_close');
        ours.writer.write('question');
        ours.writer.writeEof();
        expect(text(await eventually('the answer', ours.reader.read()))).toBe('you sent 8 bytes');
        await close(ours);
        expect(await peer.rest()).toEqual({ ...success, told: ['question'] });
      });

      it('goes on when its direction has ended with write_eof', async () => {
        const { peer, ours } = await begin('half_close_first');
        expect(text(await eventually('the end of its direction', ours.reader.read()))).toBe(
          'all I have to say',
        );
        expect(ours.reader.atEof()).toBeTrue();
        ours.writer.write('and this is mine');
        await close(ours);
        expect(await peer.rest()).toEqual({ ...success, told: ['and this is mine'] });
      });

      it('carries a megabyte both ways at once', async () => {
        const { peer, ours } = await begin('both_ways');
        const pieces = Array.from({ length: 100 }, (_, i) => megabyte.subarray(i * 10_500, (i + 1) * 10_500));
        const sending = concat(...pieces.map((piece) => ours.writer.send(piece))).pipe(
          tap({ complete: () => ours.writer.writeEof() }),
        );
        const both = merge(sending, ours.reader.chunks()).pipe(toArray());
        const received = Buffer.concat(await eventually('the megabyte', both));
        expect(digest(received)).toEqual(digest(megabyte));
        await close(ours);
        expect(await peer.rest()).toEqual({ ...success, told: [digest(megabyte)] });
      });

      it('is held back by drain() until it reads', async () => {
        const { peer, ours } = await begin('read_later');
        const { writer } = ours;
        const piece = new Uint8Array(MEBIBYTE);
        const paused: boolean[] = [];
        writer.paused$.subscribe((value) => paused.push(value));
        // More than the kernel can hold for one connection.
        const total = 64 * MEBIBYTE;
        let sent = 0;
        const pieces = Array.from({ length: total / piece.length }, () => writer.send(piece));
        const sending = lastValueFrom(
          concat(...pieces.map((send) => send.pipe(tap({ complete: () => (sent += piece.length) })))),
          { defaultValue: undefined },
        );
        for (let i = 0; i < 5; i++) {
          peer.go();
          expect(await peer.told()).toBe('not reading');
        }
        expect(sent).toBeLessThan(total);
        expect(paused.at(-1)).toBeTrue();
        peer.go();
        await eventually('everything to be sent', sending);
        expect(paused.at(-1)).toBeFalse();
        await close(ours);
        expect(await peer.rest()).toEqual({ ...success, told: [total] });
      });

      it('holds it back while nobody reads here', async () => {
        const { peer, ours } = await begin('drain_until_done');
        expect(await peer.told()).toBe('held back');
        const { reader } = ours;
        let received = 0;
        let most = 0;
        while (!reader.atEof()) {
          most = Math.max(most, reader.bufferedBytes);
          received += (await eventually('bytes', reader.read(50_000))).length;
        }
        expect(received).toBe(32 * MEBIBYTE);
        expect(most)
          .withContext('bytes that waited')
          .toBeLessThanOrEqual(3 * 65536);
        await close(ours);
        expect(await peer.rest()).toEqual({ ...success, told: ['done'] });
      });

      it('breaks when it resets, behind what had come', async () => {
        const { peer, ours } = await begin('reset');
        const lost = failureOf('the read', ours.reader.readLine());
        ours.writer.write('go ahead\n');
        const loss = await lost;
        expect(loss).toBeInstanceOf(ConnectionLostError);
        expect((loss as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
        expect(await failureOf('waitClosed()', ours.writer.waitClosed())).toBe(loss);
        expect(await peer.rest()).toEqual(success);
      });

      it('is a ConnectionResetError to it when we abort', async () => {
        const { peer, ours } = await begin('is_reset');
        expect(text(await eventually('its greeting', ours.reader.readLine()))).toBe('hello\n');
        ours.writer.abort();
        expect(await peer.rest()).toEqual({ ...success, told: ['ConnectionResetError'] });
      });
    });
  }
});
