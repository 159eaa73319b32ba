import { endWith, firstValueFrom, map, take, takeUntil, toArray } from 'rxjs';
import { broadcast, lines, serve } from '../../src/index.js';
import { openConnection, serverConnections$, type Server } from '../../src/node.js';

describe('broadcast on sockets', () => {
  it('is a chat server', async () => {
    const room = broadcast<string>({ encode: (line) => `${line}\n` });
    const errors: unknown[] = [];
    let listening!: (server: Server) => void;
    const server = new Promise<Server>((resolve) => (listening = resolve));
    const serving = serverConnections$({ host: '127.0.0.1', port: 0, onListening: listening })
      .pipe(
        serve(
          ({ reader, writer }) => {
            const speaks$ = reader.consume(lines(), (line) => room.send(line, { except: writer }));
            writer.write('welcome\n');
            return room.join(writer).pipe(takeUntil(speaks$.pipe(endWith('has left'))));
          },
          { onError: (error) => errors.push(error) },
        ),
      )
      .subscribe();
    const { port } = (await server).addresses[0]!;
    const open = async () => {
      const connection = await openConnection({ host: '127.0.0.1', port });
      await firstValueFrom(connection.reader.readLine());
      return connection;
    };
    const [ann, bob, cem] = [await open(), await open(), await open()];
    const heard = [bob, cem].map(async ({ reader }) =>
      firstValueFrom(reader.lines().pipe(take(1000), toArray())),
    );
    for (let i = 0; i < 1000; i++) ann.writer.write(`${i}\n`);
    const all = Array.from({ length: 1000 }, (_, i) => String(i));
    expect(await Promise.all(heard)).toEqual([all, all]);
    ann.writer.writeEof();
    expect(await firstValueFrom(ann.reader.read('utf-8').pipe(map((text) => text.length)))).toBe(0);
    expect(room.size).toBe(2);
    for (const { writer } of [ann, bob, cem]) writer.close();
    for (const { writer } of [ann, bob, cem]) await firstValueFrom(writer.waitClosed());
    serving.unsubscribe();
    expect(errors).toEqual([]);
  });
});
