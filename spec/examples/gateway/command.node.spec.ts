import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { seededBytes, text } from '../../contracts/bytes.js';
import { eventually } from '../../contracts/eventually.js';
import { settled } from '../../contracts/settled.js';
import { missing, ServerProgram, startOnPort } from '../../interop/ServerProgram.js';
import { patiently } from '../../interop/patience.js';
import { everythingFrom, plainPeers } from '../../observables/plainPeers.js';
import { describeExamples, ExampleProcess, runExample } from '../run-example.js';
import { gatewayPeers } from './gatewayPeers.js';

const MEBIBYTE = 2 ** 20;

describeExamples('gateway', () => {
  const plain = plainPeers();
  const peers = gatewayPeers();

  /** Starts one for a target named "it"; gives its URL. */
  async function start(port: number, ...options: string[]): Promise<[gateway: ExampleProcess, url: string]> {
    const gateway = new ExampleProcess('gateway', '0', ...options, `it=127.0.0.1:${port}`);
    return [gateway, await gateway.printed(/^(ws:.*)$/m)];
  }

  it('prints the URL of each target, and what becomes of its clients', async () => {
    const echo = await plain.listen((socket) => socket.pipe(socket));
    const gateway = new ExampleProcess('gateway', '0', `it=127.0.0.1:${echo}`, '[::1]:6379', '/run/a b.sock');
    const url = await gateway.printed(/^(ws:.*)$/m);
    const client = await peers.open(url);
    client.socket.send('hello');
    await eventually('the echo', once(client.socket, 'message'));
    client.socket.close();
    await client.closed();
    await gateway.printed(/closed/);
    gateway.interrupt();

    const { lines, errors, code } = await gateway.end;
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    const { origin } = new URL(url);
    expect(lines.slice(0, 3)).toEqual([
      `${origin}/?target=it`,
      `${origin}/?target=%5B%3A%3A1%5D%3A6379`,
      `${origin}/?target=%2Frun%2Fa%20b.sock`,
    ]);
    expect(lines[3]).toMatch(/^127\.0\.0\.1:\d+ it open$/);
    expect(lines[4]).toMatch(/^127\.0\.0\.1:\d+ it closed after 5 bytes up, 5 bytes down$/);
    expect(lines.length).toBe(5);
  });

  it('told to stop, lets its clients finish; told so again, it ends', async () => {
    const sockets: Socket[] = [];
    const port = await plain.listen((socket) => sockets.push(socket));
    for (const isPatient of [true, false]) {
      const [gateway, url] = await start(port);
      const client = await peers.open(url);
      await gateway.printed(/open$/m);
      gateway.interrupt();
      await refusal(url);
      if (isPatient) sockets.pop()!.end('the rest');
      else gateway.interrupt();
      const { errors, code } = await gateway.end;
      expect({ errors, code }).toEqual({ errors: '', code: 0 });
      expect(text(client.received)).toBe(isPatient ? 'the rest' : '');
      expect(await client.closed()).toBe('1000');
    }
  });

  it('killed, leaves its clients without a close, and its targets with an end', async () => {
    const ends: Promise<unknown>[] = [];
    const [gateway, url] = await start(
      await plain.listen((socket) =>
        ends.push(Promise.race([once(socket, 'close'), everythingFrom(socket)])),
      ),
    );
    const client = await peers.open(url);
    await gateway.printed(/open$/m);
    await gateway.kill();
    expect(await client.closed()).toBe('1006');
    await eventually('the end at the target', ends[0]!);
  });

  it('holds little of what two clients and their targets do not take from each other, 64 MiB in each direction', async () => {
    const memory = (pid: number): number => {
      const [, rss] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))!;
      return (1024 * Number(rss)) / MEBIBYTE;
    };
    if (process.platform !== 'linux') pending('the memory of another process is seen in /proc only');
    const sockets: Socket[] = [];
    const [gateway, url] = await start(await plain.listen((socket) => sockets.push(socket.pause())));
    const block = seededBytes(1, 65_536);
    const blocks = 1024;
    const client = await peers.open(url);
    const ours = await peers.connect(url);
    await gateway.printed(/open\n[^]*open$/m);
    const before = memory(gateway.pid);

    let taken = 0;
    const count = (): void => {
      taken++;
    };
    for (let i = 0; i < blocks; i++) {
      client.socket.send(block, count);
      ours.writer.write(block);
      for (const socket of sockets) socket.write(block, count);
    }
    // The other client has nobody that reads.
    client.socket.pause();
    const other = await peers.open(url);
    await gateway.printed(/open\n[^]*open\n[^]*open$/m);
    const echo = sockets[2]!.on('data', (chunk) => echo.write(chunk)).resume();
    let peak = 0;
    const turn = async (): Promise<void> => {
      const answer = once(other.socket, 'message');
      other.socket.send('there?');
      await eventually('the other client', answer);
      peak = Math.max(peak, memory(gateway.pid));
    };
    const queued = (): number => ours.writer.transport.writeQueueSize / block.length;
    expect(await settled(() => taken + blocks - queued(), turn, 100)).toBeLessThan(0.75 * 4 * blocks);
    expect(peak - before).toBeLessThan(64);
  });

  it('refuses an argument that will not do with one line', async () => {
    for (const [args, line] of [
      [[], /^Usage: npm start -- gateway \[PORT\] \[OPTION …\] TARGET …\n$/],
      [['8080'], /^A TARGET is missing.*\n$/],
      [['redis'], /^A target must be HOST:PORT.*not "redis"\n$/],
      [['--origin=*', 'h:1'], /^origin must be.*not "\*"\n$/],
    ] as const) {
      const { lines, errors, code } = await runExample('gateway', ...args);
      expect({ lines, code }).toEqual({ lines: [''], code: 1 });
      expect(errors).toMatch(line);
    }
  });

  describe('before a real redis-server', () => {
    const noServer = missing('redis-server');
    let redis: ServerProgram | undefined;
    let port: number;

    beforeEach(async () => {
      if (noServer !== undefined) pending(noServer);
      ({ port, program: redis } = await startOnPort(
        (port, folder) =>
          new ServerProgram(
            'redis-server',
            ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
            folder,
          ),
        /Ready to accept connections/,
      ));
    });

    afterEach(async () => {
      await redis?.kill();
      redis = undefined;
    });

    it('answers commands, small and large', async () => {
      const [, url] = await start(port);
      const { reader, writer } = await peers.connect(url);
      writer.write('PING\r\n');
      expect(text(await eventually('an answer', reader.readLine()))).toBe('+PONG\r\n');
      const value = seededBytes(2, 8 * MEBIBYTE);
      writer.write(`*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$${value.length}\r\n`);
      writer.write(value);
      writer.write('\r\nGET k\r\n');
      expect(text(await patiently('the SET', reader.readLine()))).toBe('+OK\r\n');
      expect(text(await patiently('the GET', reader.readLine()))).toBe(`$${value.length}\r\n`);
      const got = await patiently('the value', reader.readExactly(value.length));
      expect(Buffer.compare(got, value)).toBe(0);
    });

    it('tells a client that it was killed', async () => {
      const [gateway, url] = await start(port);
      const client = await peers.open(url);
      await gateway.printed(/open$/m);
      await redis!.kill();
      // Its system says goodbye for it, as for a program that ends.
      expect(await client.closed()).toMatch(/^(1000|4410 the target has broken off)$/);
      const next = await peers.open(url);
      expect(await next.closed()).toBe('4502 no connection to the target');
    });
  });

  /** Waits until nobody listens any more. */
  async function refusal(url: string): Promise<void> {
    for (;;) {
      const client = await peers.open(url);
      if (client.socket.readyState !== client.socket.OPEN) return;
      client.socket.terminate();
    }
  }
});
