import { join } from 'node:path';
import { take, toArray } from 'rxjs';
import type { Connection } from '../../src/streams/Connection.js';
import { bytes, difference, seededBytes, text } from '../contracts/bytes.js';
import { memcachedReply, type Reply } from './memcached.js';
import { patiently } from './patience.js';
import { useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
// Announced by the program when it listens.
const READY = /server listening/;
// A value of 1 MiB needs a little more than the default limit of 1 MiB.
const common = ['-vv', '-I', '4m', '-U', '0'];

describe('Our client and memcached', () => {
  const programs = usePrograms('memcached');
  const ours = useConnections();

  const ways: Record<string, () => Promise<Connection>> = {
    async TCP() {
      const listen = (port: number) =>
        programs.start('memcached', [...common, '-l', host, '-p', String(port)]);
      const { port } = await programs.startOnFreePort(listen, READY);
      return ours.connect({ host, port });
    },
    async 'a Unix socket'() {
      const path = join(programs.folder, 'memcached.sock');
      await programs.start('memcached', [...common, '-s', path]).says(READY);
      return ours.connect({ path });
    },
  };

  function replies({ reader }: Connection, count: number): Promise<Reply[]> {
    return patiently(`${count} replies`, reader.frames(memcachedReply).pipe(take(count), toArray()));
  }

  async function ask(connection: Connection, request: string): Promise<Reply> {
    connection.writer.write(request);
    return (await replies(connection, 1))[0]!;
  }

  for (const [way, connect] of Object.entries(ways)) {
    describe(`over ${way}`, () => {
      it('set, get, count and delete', async () => {
        const connection = await connect();
        expect((await ask(connection, 'set greeting 0 0 5\r\nhello\r\n')).line).toBe('STORED');
        const { line, values } = await ask(connection, 'get greeting\r\n');
        expect(line).toBe('END');
        expect(text(values.get('greeting')!)).toBe('hello');

        await ask(connection, 'set count 0 0 1\r\n5\r\n');
        expect((await ask(connection, 'incr count 37\r\n')).line).toBe('42');
        expect((await ask(connection, 'decr count 2\r\n')).line).toBe('40');
        expect((await ask(connection, 'delete count\r\n')).line).toBe('DELETED');
        expect((await ask(connection, 'incr count 1\r\n')).line).toBe('NOT_FOUND');
        expect((await ask(connection, 'get count\r\n')).values.size).toBe(0);
        expect((await ask(connection, 'nonsense\r\n')).line).toBe('ERROR');
      });

      it('keep values that look like the protocol', async () => {
        const connection = await connect();
        const value = '\r\nEND\r\nVALUE x 0 1\r\n\0ü\r\n';
        const { length } = bytes(value);
        await ask(connection, `set tricky 0 0 ${length}\r\n${value}\r\n`);
        await ask(connection, 'set empty 0 0 0\r\n\r\n');
        const { values } = await ask(connection, 'get tricky empty missing\r\n');
        expect([...values].map(([key, found]) => [key, text(found)])).toEqual([
          ['tricky', value],
          ['empty', ''],
        ]);
      });

      it('go through a thousand requests in one write', async () => {
        const connection = await connect();
        const count = 1000;
        const keys = Array.from({ length: count }, (_, i) => `key${i}`);
        connection.writer.writeLines(keys.map((key, i) => `set ${key} 0 0 4\r\n${1000 + i}\r\n`));
        connection.writer.writeLines(keys.map((key) => `incr ${key} 1\r\n`));
        connection.writer.writeLines(keys.map((key) => `get ${key}\r\n`));
        const all = await replies(connection, 3 * count);
        expect(all.slice(0, count).every(({ line }) => line === 'STORED')).toBeTrue();
        expect(all.slice(count, 2 * count).map(({ line }) => Number(line))).toEqual(
          keys.map((_, i) => 1001 + i),
        );
        expect(all.slice(2 * count).map(({ values }) => text([...values.values()][0]!))).toEqual(
          keys.map((_, i) => String(1001 + i)),
        );
      });

      it('carry a value of 1 MiB there and back', async () => {
        const connection = await connect();
        const value = seededBytes(4, 2 ** 20);
        connection.writer.write(`set large 0 0 ${value.length}\r\n`);
        connection.writer.write(value);
        connection.writer.write('\r\nget large\r\n');
        const [stored, found] = await replies(connection, 2);
        expect(stored!.line).toBe('STORED');
        expect(difference(found!.values.get('large')!, value)).toBe('none');
      });

      it('end when ours quits', async () => {
        const { reader, writer } = await connect();
        writer.write('quit\r\n');
        expect(await patiently('the end', reader.read())).toEqual(new Uint8Array(0));
        expect(reader.atEof()).toBeTrue();
      });
    });
  }
});
