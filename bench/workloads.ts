/** What is measured: each job done by rxjs-net and by the code one would write on `node:net` for just that job. */
import { connect, type Socket } from 'node:net';
import { fromConnection, openConnection } from 'rxjs-net/node';
import { useConnection, type Connection } from 'rxjs-net';
import { defer, lastValueFrom, repeat, takeWhile, type Observable } from 'rxjs';

const MiB = 2 ** 20;

export interface Workload {
  readonly name: string;
  readonly unit: string;
  /** How many units one run does. */
  readonly amount: number;
  /** The ratio to the hand-written one that is aimed at. */
  readonly aim: number;
  readonly ours: (port: number) => Promise<unknown>;
  readonly handwritten: (port: number) => Promise<unknown>;
  /** Arguments of `asyncio_client.py` that make it do the same. */
  readonly asyncio?: readonly string[];
  readonly asyncioAim?: number;
}

function ours(
  port: number,
  command: string,
  job: (connection: Connection) => Observable<unknown>,
): Promise<unknown> {
  return lastValueFrom(
    fromConnection({ host: '127.0.0.1', port }).pipe(
      useConnection((connection) => {
        connection.writer.write(`${command}\n`);
        return job(connection);
      }),
    ),
    { defaultValue: undefined },
  );
}

/** As `ours`, for jobs that are one subscription: the subscriber stands where the hand-written callback stands. */
async function direct<T>(
  port: number,
  command: string,
  read: (connection: Connection) => Observable<T>,
  next: (value: T) => void,
): Promise<void> {
  await using connection = await openConnection({ host: '127.0.0.1', port });
  connection.writer.write(`${command}\n`);
  await new Promise<void>((resolve, reject) => {
    read(connection).subscribe({ next, error: reject, complete: resolve });
  });
}

function byHand(
  port: number,
  command: string,
  job: (socket: Socket, done: () => void) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    socket.on('error', reject).on('close', () => resolve());
    socket.write(`${command}\n`);
    job(socket, () => socket.end());
  });
}

function expectCount(actual: number, expected: number): void {
  if (actual !== expected) throw new Error(`got ${actual}, expected ${expected}`);
}

function bulk(bytes: number): Workload {
  const command = `send ${bytes} ${'x'.repeat(99)}`;
  return {
    name: 'bulk, chunks()',
    unit: 'MiB',
    amount: bytes / MiB,
    aim: 0.95,
    async ours(port) {
      let received = 0;
      await direct(
        port,
        command,
        ({ reader }) => reader.chunks(),
        (chunk) => (received += chunk.length),
      );
      expectCount(received, bytes);
    },
    async handwritten(port) {
      let received = 0;
      await byHand(port, command, (socket) => socket.on('data', (chunk) => (received += chunk.length)));
      expectCount(received, bytes);
    },
  };
}

function lines(length: number, lineCount: number): Workload {
  const command = `send ${lineCount * length} ${'x'.repeat(length - 1)}`;
  return {
    name: `lines of ${length} bytes, lines()`,
    unit: 'lines',
    amount: lineCount,
    aim: 0.9,
    async ours(port) {
      let received = 0;
      await direct(
        port,
        command,
        ({ reader }) => reader.lines(),
        (line) => (received += line.length + 1),
      );
      expectCount(received, lineCount * length);
    },
    async handwritten(port) {
      let received = 0;
      const onLine = (line: string): void => {
        received += line.length + 1;
      };
      await byHand(port, command, (socket) => {
        let rest = '';
        socket.setEncoding('utf8').on('data', (text: string) => {
          let from = 0;
          let end = text.indexOf('\n');
          if (end !== -1 && rest !== '') {
            onLine(rest + text.slice(0, end));
            rest = '';
            from = end + 1;
            end = text.indexOf('\n', from);
          }
          for (; end !== -1; end = text.indexOf('\n', from)) {
            onLine(text.slice(from, end));
            from = end + 1;
          }
          rest += text.slice(from);
        });
      });
      expectCount(received, lineCount * length);
    },
  };
}

function oneShotReads(length: number, lineCount: number): Workload {
  const total = lineCount * length;
  const pattern = 'x'.repeat(length - 1);
  const command = `send ${total} ${pattern}`;
  return {
    name: `one-shot readUntil(), ${length} bytes`,
    unit: 'reads',
    amount: lineCount,
    aim: 0,
    async ours(port) {
      let left = total;
      await ours(port, command, ({ reader }) =>
        reader.readUntil().pipe(
          repeat(),
          takeWhile((line) => (left -= line.length) > 0),
        ),
      );
      expectCount(left, 0);
    },
    async handwritten(port) {
      let left = total;
      await byHand(port, command, (socket) => {
        let rest: Buffer | undefined;
        socket.on('data', (chunk: Buffer) => {
          const bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
          let from = 0;
          for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
            left -= bytes.subarray(from, end + 1).length;
            from = end + 1;
          }
          rest = from === bytes.length ? undefined : bytes.subarray(from);
        });
      });
      expectCount(left, 0);
    },
    asyncio: ['readuntil', String(total), pattern],
    asyncioAim: 1.5,
  };
}

function roundTrips(size: number, times: number): Workload {
  const message = new Uint8Array(size).fill(0x78);
  return {
    name: `round trips of ${size} bytes`,
    unit: 'round trips',
    amount: times,
    aim: 0.9,
    async ours(port) {
      await ours(port, 'echo', ({ reader, writer }) =>
        defer(() => {
          writer.write(message);
          return reader.readExactly(size);
        }).pipe(repeat(times)),
      );
    },
    async handwritten(port) {
      let left = times;
      await byHand(port, 'echo', (socket, done) => {
        let missing = size;
        socket.on('data', (chunk) => {
          missing -= chunk.length;
          if (missing > 0) return;
          missing = size;
          if (--left === 0) done();
          else socket.write(message);
        });
        socket.write(message);
      });
      expectCount(left, 0);
    },
    asyncio: ['echo', String(times), String(size)],
  };
}

export const workloads: readonly Workload[] = [
  bulk(1024 * MiB),
  lines(20, 20_000_000),
  lines(100, 6_000_000),
  oneShotReads(32, 400_000),
  roundTrips(64, 20_000),
];
