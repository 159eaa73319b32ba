import { firstValueFrom, map } from 'rxjs';
import { RateLimit, serve } from '../../src/index.js';
import { openConnection, serverConnections$, type Server } from '../../src/node.js';

describe('RateLimit on sockets', () => {
  it('slows a peer down to the rate that all connections of a server share', async () => {
    const readRate = new RateLimit({ bytesPerSecond: 4_000_000, burst: 50_000 });
    let listening!: (server: Server) => void;
    const server = new Promise<Server>((resolve) => (listening = resolve));
    const sums: number[] = [];
    const serving = serverConnections$({ host: '127.0.0.1', port: 0, onListening: listening, readRate })
      .pipe(serve(({ reader }) => reader.read().pipe(map((bytes) => void sums.push(bytes.length)))))
      .subscribe();
    const { port } = (await server).addresses[0]!;
    const start = performance.now();
    await Promise.all(
      [0, 1, 2, 3].map(async () => {
        const { reader, writer } = await openConnection({ host: '127.0.0.1', port });
        writer.write(new Uint8Array(200_000));
        writer.writeEof();
        await firstValueFrom(reader.read());
      }),
    );
    // 800,000 bytes at 4 per microsecond, but for the burst; however busy the machine, not faster.
    expect(performance.now() - start).toBeGreaterThan(180);
    expect(sums).toEqual([200_000, 200_000, 200_000, 200_000]);
    serving.unsubscribe();
  });

  it('slows a pipe down', async () => {
    const rate = new RateLimit({ bytesPerSecond: 4_000_000, burst: 50_000 });
    let listening!: (server: Server) => void;
    const server = new Promise<Server>((resolve) => (listening = resolve));
    const serving = serverConnections$({ host: '127.0.0.1', port: 0, onListening: listening })
      .pipe(serve(({ reader, writer }) => reader.pipeTo(writer, { rate })))
      .subscribe();
    const { port } = (await server).addresses[0]!;
    const { reader, writer } = await openConnection({ host: '127.0.0.1', port });
    const start = performance.now();
    const sent = Uint8Array.from({ length: 500_000 }, (_, i) => i % 251);
    writer.write(sent);
    writer.writeEof();
    const echoed = await firstValueFrom(reader.read());
    expect(performance.now() - start).toBeGreaterThan(110);
    expect(Buffer.compare(echoed, sent)).toBe(0);
    serving.unsubscribe();
  });
});
