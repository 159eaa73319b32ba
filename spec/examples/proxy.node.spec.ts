import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { difference, seededBytes, seededChunks } from '../contracts/bytes.js';
import { settled } from '../contracts/settled.js';
import { everythingFrom, plainPeers, reset } from '../observables/plainPeers.js';
import { describeExamples, ExampleProcess } from './run-example.js';

const MEBIBYTE = 2 ** 20;

describeExamples('proxy', () => {
  const plain = plainPeers();
  let proxy: ExampleProcess;

  /** Starts a proxy; gives the port of it. */
  async function start(target: number): Promise<number> {
    proxy = new ExampleProcess('proxy', '0', '127.0.0.1', String(target));
    return Number(await proxy.printed(/^Serving on 127\.0\.0\.1:(\d+)$/m));
  }

  /** Starts a proxy; makes pairs of a client, and the socket of the target that it has got. */
  async function startPairs(): Promise<() => Promise<[client: Socket, target: Socket]>> {
    const arrivals: ((socket: Socket) => void)[] = [];
    const port = await start(await plain.listen((socket) => arrivals.shift()!(socket)));
    return async () => {
      const arrival = new Promise<Socket>((resolve) => arrivals.push(resolve));
      return [await plain.connect(port), await arrival];
    };
  }

  async function stop(): Promise<{ errors: string; code: number | null }> {
    proxy.interrupt();
    const { errors, code } = await proxy.end;
    return { errors, code };
  }

  it('passes all bytes on, both ways at the same time, however they are cut', async () => {
    const [client, target] = await (await startPairs())();
    const [sent, answered] = [seededBytes(1, 2 * MEBIBYTE), seededBytes(2, 3 * MEBIBYTE)];
    const received = [everythingFrom(target), everythingFrom(client)];
    for (const chunk of seededChunks(3, sent, 100_000)) client.write(chunk);
    for (const chunk of seededChunks(4, answered, 10_000)) target.write(chunk);
    client.end();
    target.end();

    expect(difference(await received[0]!, sent)).toBe('none');
    expect(difference(await received[1]!, answered)).toBe('none');
    expect(await stop()).toEqual({ errors: '', code: 0 });
  });

  it('passes the end of one direction on, and leaves the other one open', async () => {
    const connect = await startPairs();
    for (const backwards of [false, true]) {
      const [client, target] = await connect();
      const [one, other] = backwards ? [target, client] : [client, target];
      const question = everythingFrom(other);
      one.end('question');
      expect(Buffer.from(await question).toString()).toBe('question');
      const answer = everythingFrom(one);
      other.end('answer');
      expect(Buffer.from(await answer).toString()).toBe('answer');
    }
    expect(await stop()).toEqual({ errors: '', code: 0 });
  });

  it('slows a producer down to the pace of its consumer, and loses nothing', async () => {
    const connect = await startPairs();
    const [client, target] = await connect();
    const others = await connect();
    const block = seededBytes(5, 65_536);
    const blocks = 2048;
    let accepted = 0;
    client.pause();
    // One at a time: written together they would be accepted together.
    const produce = (): unknown =>
      accepted === blocks ? target.end() : target.write(block, () => (accepted++, produce()));
    produce();

    // Whenever something else has gone through the proxy it could have taken some of these bytes as well.
    const atFirst = await settled(
      () => accepted,
      () => exchange(...others),
      100,
    );
    // What the kernel holds for two connections, and the proxy: a bounded number of bytes.
    expect(atFirst).toBeLessThan(0.75 * blocks);

    const digest = createHash('sha256');
    client.on('data', (chunk: Buffer) => digest.update(chunk));
    await once(client.resume(), 'end');
    const expected = createHash('sha256');
    for (let i = 0; i < blocks; i++) expected.update(block);
    expect(digest.digest('hex')).toBe(expected.digest('hex'));
    expect(accepted).toBe(blocks);
  });

  it('ends the one side when the other is lost, and serves the others', async () => {
    const connect = await startPairs();
    const [bystander, itsTarget] = await connect();
    for (const which of [0, 1] as const) {
      const pair = await connect();
      await exchange(...pair);
      const closed = once(pair[1 - which]!.resume(), 'end');
      reset(pair[which]);
      await closed;
    }

    await exchange(bystander, itsTarget);
    const { errors, code } = await stop();
    expect(errors.match(/ConnectionLostError: .*ECONNRESET/g)?.length).toBe(2);
    expect(code).toBe(0);
  });

  it('ends a client for whom there is no target, and goes on', async () => {
    const port = await start(await plain.unusedPort());
    for (let i = 0; i < 2; i++) {
      const client = await plain.connect(port);
      await once(client.resume(), 'end');
    }
    const { errors, code } = await stop();
    expect(errors.match(/connect ECONNREFUSED/g)!.length).toBeGreaterThanOrEqual(2);
    expect(code).toBe(0);
  });

  it('told to stop, ends the connections that there are', async () => {
    const [client, target] = await (await startPairs())();
    const ends = Promise.all([once(client.resume(), 'end'), once(target.resume(), 'end')]);
    expect(await stop()).toEqual({ errors: '', code: 0 });
    await ends;
  });
});

/** A few bytes go through: both connections are there. */
async function exchange(client: Socket, target: Socket): Promise<void> {
  const heard = once(target, 'data');
  client.write('there?');
  expect(String((await heard)[0])).toBe('there?');
}
