/** What the other end does over WebSocket: it sends through a gateway, and takes what comes through one. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { expectCount, type JobOptions } from '../answerJobs.js';

/** Messages that are under way at the same time. */
const WINDOW = 4;

async function open({ url }: JobOptions): Promise<WebSocket> {
  const client = new WebSocket(url, { perMessageDeflate: false });
  await once(client, 'open');
  return client;
}

/** Sends messages through a gateway as fast as they are taken. */
export async function pumpMessages(options: JobOptions): Promise<void> {
  const client = await open(options);
  const message = Buffer.alloc(options.size, 'x');
  let left = options.amount;
  const more = (): void => {
    if (left-- > 0) client.send(message, more);
    else if (left === -WINDOW) client.close();
  };
  for (let i = 0; i < WINDOW; i++) more();
  await once(client, 'close');
}

/** Asks the target behind a gateway for so many bytes, and takes them. */
export async function takeMessages(options: JobOptions): Promise<void> {
  const { amount, size } = options;
  const client = await open(options);
  let received = 0;
  client.on('message', (message: Buffer) => (received += message.length));
  client.send(Buffer.from(`${amount * size}\n`));
  await once(client, 'close');
  expectCount(received, amount * size);
}
