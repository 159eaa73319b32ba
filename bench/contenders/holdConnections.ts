import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { JobOptions } from '../answerJobs.js';

/** So many at a time: the others would only wait in front of the server. */
const AT_A_TIME = 32;

/** Does so many jobs, a few at a time. */
async function inTurns(amount: number, job: () => Promise<unknown>): Promise<void> {
  let left = amount;
  const next = async (): Promise<void> => {
    while (left-- > 0) await job();
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, next));
}

/**
 * Opens a connection, sends a byte, and closes with the server, which sends one back and closes. The server closes
 * first, so that TIME_WAIT is on its side: on this one it would use the ports up within seconds. What it sends may have
 * something before the byte.
 */
export function connectInTurns({
  port,
  amount,
  first = 'x',
}: JobOptions & { first?: string }): Promise<void> {
  const data = Buffer.from(first, 'latin1');
  return inTurns(
    amount,
    () =>
      new Promise<void>((resolve, reject) => {
        let received = 0;
        const socket = connect({ host: '127.0.0.1', port, noDelay: true });
        socket
          .on('connect', () => socket.write(data))
          .on('data', (chunk) => (received += chunk.length))
          .on('error', reject)
          .on('close', () => {
            if (received === 1) resolve();
            else reject(new Error(`got ${received} bytes, expected 1`));
          });
      }),
  );
}

const held: Socket[] = [];

/** Opens connections that stay. Each has been used by then: so the server has accepted it, and what it keeps is there. */
export function hold({ port, amount }: JobOptions): Promise<void> {
  return inTurns(amount, async () => {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    held.push(socket);
    socket.write('x');
    await once(socket, 'data');
  });
}

/** Closes those that are held; by a reset, which leaves nothing behind on either side. */
export async function letGo(): Promise<void> {
  const closed = held.splice(0).map((socket) => {
    socket.resetAndDestroy();
    return once(socket, 'close');
  });
  await Promise.all(closed);
}
