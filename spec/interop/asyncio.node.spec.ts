import { createHash } from 'node:crypto';
import { concat, concatMap, lastValueFrom, merge, tap } from 'rxjs';
import { IncompleteReadError } from '../../src/bytes/errors.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { bytes, difference, text } from '../contracts/bytes.js';
import { failureOf } from '../contracts/eventually.js';
import { patiently } from './patience.js';
import { newestPython, pythonSides, type Transport } from './PythonPeers.js';
import { close, useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const MEBIBYTE = 2 ** 20;
const large = Uint8Array.from({ length: 4 * MEBIBYTE }, (_, i) => (i * 7) % 251);
const success = { told: [], stderr: '', exitCode: 0 };

function digest(data: Uint8Array): [number, string] {
  return [data.length, createHash('sha256').update(data).digest('hex')];
}

// The TLS of asyncio closes both directions when the other side closes one; a Unix socket knows no reset.
const transports: Record<Transport, { needs: string[]; halfCloses: boolean; resets: boolean }> = {
  TCP: { needs: [], halfCloses: true, resets: true },
  TLS: { needs: ['openssl'], halfCloses: false, resets: true },
  'a Unix socket': { needs: [], halfCloses: true, resets: false },
};

for (const [transport, { needs, halfCloses, resets }] of Object.entries(transports)) {
  describe(`A conversation with Python's asyncio over ${transport}`, () => {
    const programs = usePrograms(...needs);
    const connections = useConnections();

    beforeEach(() => {
      if (newestPython() === undefined) pending('python3 is not installed');
    });

    for (const [side, begin] of Object.entries(pythonSides(transport as Transport, programs, connections))) {
      describe(`between ${side}`, () => {
        it('goes line by line with readline', async () => {
          const { peer, ours } = await begin('lines');
          for (const line of ['one\n', 'zwei: grün\n', '\n']) {
            ours.writer.write(line);
            expect(text(await patiently('an answer', ours.reader.readLine()))).toBe(line.toUpperCase());
            expect(await peer.told()).toBe(line);
          }
          await close(ours);
          expect(await peer.rest()).toEqual(success);
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
            expect(difference(await patiently('an answer', answer), bytes(body).reverse())).toBe('none');
            expect(difference(bytes(String(await peer.told())), bytes(body))).toBe('none');
          }
          writer.write('12');
          await close(ours);
          expect(await peer.rest()).toEqual({ ...success, told: [['incomplete', '12']] });
        });

        it('carries 4 MiB both ways at once', async () => {
          const { peer, ours } = await begin('both_ways');
          const pieces = Array.from({ length: 100 }, (_, i) => large.subarray(i * 42_000, (i + 1) * 42_000));
          const sending = concat(...pieces.map((piece) => ours.writer.send(piece)));
          const both = lastValueFrom(merge(sending, ours.reader.readExactly(large.length)));
          expect(difference(await patiently('the other 4 MiB', both), large)).toBe('none');
          expect(await peer.told()).toEqual(digest(large));
          await close(ours);
          expect(await peer.rest()).toEqual(success);
        });

        it('ends in the middle of a frame', async () => {
          const { peer, ours } = await begin('partial');
          const failure = (await failureOf('the read', ours.reader.readExactly(6))) as IncompleteReadError;
          expect(failure).toBeInstanceOf(IncompleteReadError);
          expect(text(failure.partial)).toBe('12345');
          expect(failure.expected).toBe(6);
          await close(ours);
          expect(await peer.rest()).toEqual(success);
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
          await patiently('everything to be sent', sending);
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
            received += (await patiently('bytes', reader.read(50_000))).length;
          }
          expect(received).toBe(32 * MEBIBYTE);
          expect(most)
            .withContext('bytes that waited')
            .toBeLessThanOrEqual(3 * 65536);
          await close(ours);
          expect(await peer.rest()).toEqual({ ...success, told: ['done'] });
        });

        if (halfCloses) {
          it('answers a last line without an end', async () => {
            const { peer, ours } = await begin('lines');
            ours.writer.write('without end');
            ours.writer.writeEof();
            expect(text(await patiently('the last answer', ours.reader.read()))).toBe('WITHOUT END');
            await close(ours);
            expect(await peer.rest()).toEqual({ ...success, told: ['without end'] });
          });

          it('ends our direction with writeEof, and still gets the answer', async () => {
            const { peer, ours } = await begin('half_close');
            ours.writer.write('question');
            ours.writer.writeEof();
            expect(text(await patiently('the answer', ours.reader.read()))).toBe('you sent 8 bytes');
            await close(ours);
            expect(await peer.rest()).toEqual({ ...success, told: ['question'] });
          });

          it('goes on when its direction has ended with write_eof', async () => {
            const { peer, ours } = await begin('half_close_first');
            expect(text(await patiently('the end of its direction', ours.reader.read()))).toBe(
              'all I have to say',
            );
            expect(ours.reader.atEof()).toBeTrue();
            ours.writer.write('and this is mine');
            await close(ours);
            expect(await peer.rest()).toEqual({ ...success, told: ['and this is mine'] });
          });
        }

        if (resets) {
          it('breaks when it resets, behind what had come', async () => {
            const { peer, ours } = await begin('reset');
            ours.writer.write('ready?\n');
            expect(text(await patiently('its answer', ours.reader.readLine()))).toBe('ready?\n');
            const lost = failureOf('the read', ours.reader.readLine());
            ours.writer.write('go ahead\n');
            const loss = await lost;
            expect(loss).toBeInstanceOf(ConnectionLostError);
            expect((loss as Error).cause).toEqual(jasmine.objectContaining({ code: 'ECONNRESET' }));
            expect(await failureOf('waitClosed()', ours.writer.waitClosed())).toBe(loss);
            expect(await peer.rest()).toEqual(success);
          });
        }

        it(`is ${resets ? 'a ConnectionResetError' : 'over'} to it when we abort`, async () => {
          const { peer, ours } = await begin('is_reset');
          expect(text(await patiently('its greeting', ours.reader.readLine()))).toBe('hello\n');
          ours.writer.abort();
          const told = resets ? 'ConnectionResetError' : ['data', ''];
          expect(await peer.rest()).toEqual({ ...success, told: [told] });
        });
      });
    }
  });
}
