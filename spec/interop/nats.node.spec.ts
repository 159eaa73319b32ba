import { createConnection, type Socket } from 'node:net';
import {
  AckPolicy,
  DiscardPolicy,
  RetentionPolicy,
  type Consumer,
  type ConsumerConfig,
  type ConsumerInfo,
  type JetStreamClient,
  type JetStreamManager,
  type JsMsg,
  type StreamConfig,
} from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  defer,
  filter,
  finalize,
  firstValueFrom,
  map,
  NEVER,
  of,
  repeat,
  Subject,
  Subscription,
  take,
  takeUntil,
  timer,
  toArray,
  type Observable,
} from 'rxjs';
import { lengthPrefixed, serve } from '../../src/index.js';
import {
  ConsumerLostError,
  fromConsumer,
  jetStreamWriter,
  PublishError,
  type ConsumerOptions,
  type ConsumerStall,
  type JetStreamWriter,
} from '../../src/nats.js';
import { serverConnections$ } from '../../src/node.js';
import { settled } from '../contracts/settled.js';
import { patiently } from './patience.js';
import { NatsServer } from './startNats.js';
import { usePrograms } from './usePrograms.js';

const MEBIBYTE = 2 ** 20;

describe('With JetStream', () => {
  const programs = usePrograms('nats-server');
  let server: NatsServer;
  let nc: NatsConnection;
  let js: JetStreamClient;
  let jsm: JetStreamManager;
  let running: Subscription;
  let errors: unknown[];
  const onError = (error: unknown): void => void errors.push(error);

  beforeEach(async () => {
    running = new Subscription();
    errors = [];
    server = await NatsServer.start(programs);
    ({ nc, js, jsm } = await server.connect());
  });

  afterEach(async () => {
    running.unsubscribe();
    await server.close();
  });

  async function addStream(config: Partial<StreamConfig> = {}): Promise<void> {
    const retention = RetentionPolicy.Workqueue;
    await jsm.streams.add({ name: 'FRAMES', subjects: ['frames.>'], retention, ...config });
  }

  async function addConsumer(config: Partial<ConsumerConfig> = {}): Promise<Consumer> {
    await jsm.consumers.add('FRAMES', {
      durable_name: 'workers',
      ack_policy: AckPolicy.Explicit,
      ...config,
    });
    return js.consumers.get('FRAMES', 'workers');
  }

  async function publish(...frames: string[]): Promise<void> {
    for (const frame of frames) await js.publish('frames.in', frame);
  }

  /** Until it is so, as the server tells. */
  async function consumerIs(what: string, is: (info: ConsumerInfo) => boolean): Promise<ConsumerInfo> {
    const asked = defer(() => jsm.consumers.info('FRAMES', 'workers'));
    return patiently(what, asked.pipe(repeat({ delay: 10 }), filter(is), take(1)));
  }

  function numbers(count: number): string[] {
    return Array.from({ length: count }, (_, i) => String(i));
  }

  it('has each message worked on, and acknowledged', async () => {
    await addStream();
    const consumer = await addConsumer();
    const writer = jetStreamWriter(js);
    for (const frame of numbers(1000)) writer.write('frames.in', frame);
    writer.close();
    await patiently('all acks', writer.waitClosed());

    const stop = new Subject<void>();
    const seen: string[] = [];
    const work = (message: JsMsg): void => {
      if (seen.push(message.string()) === 1000) stop.next();
    };
    const options: ConsumerOptions = { concurrency: 16, until: stop, onError };
    await patiently('the last ack', fromConsumer(consumer, work, options).pipe(toArray()));
    expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual(numbers(1000));
    expect((await jsm.streams.info('FRAMES')).state.messages).toBe(0);
    expect(errors).toEqual([]);
  });

  it('has no more messages here than concurrency allows', async () => {
    await addStream();
    const consumer = await addConsumer();
    await publish(...numbers(20));
    const started: string[] = [];
    running.add(
      fromConsumer(
        consumer,
        (message) => {
          started.push(message.string());
          return NEVER;
        },
        { concurrency: 3 },
      ).subscribe(),
    );
    await consumerIs('three messages delivered', (info) => info.num_ack_pending >= 3);
    expect(
      await settled(
        () => started.length,
        () => nc.flush(),
        100,
      ),
    ).toBe(3);
    const info = await jsm.consumers.info('FRAMES', 'workers');
    expect([info.num_ack_pending, info.num_pending]).toEqual([3, 17]);
  });

  it('delivers a message again when its work has failed', async () => {
    await addStream();
    const consumer = await addConsumer();
    await publish('a', 'b');
    const work = async (message: JsMsg): Promise<string> => {
      if (message.string() === 'a' && !message.redelivered) throw new Error('not yet');
      return `${message.string()}${message.info.deliveryCount}`;
    };
    const results = fromConsumer(consumer, work, { retryDelay: 10, onError }).pipe(take(2), toArray());
    expect((await patiently('both results', results)).sort()).toEqual(['a2', 'b1']);
    expect(errors).toEqual([new Error('not yet')]);
  });

  it('publishes a poisoned message elsewhere, with the reason', async () => {
    await addStream();
    await jsm.streams.add({ name: 'DEAD', subjects: ['dead.>'] });
    const consumer = await addConsumer();
    await publish('poison', 'good');
    const work = (message: JsMsg): Observable<string> => {
      if (message.string() === 'poison') throw new Error('line\nbreak');
      return of(message.string());
    };
    const options = { retryDelay: 1, onError, deadLetter: { js, subject: 'dead.frames', maxDeliveries: 3 } };
    const results: string[] = [];
    running.add(fromConsumer(consumer, work, options).subscribe((result) => results.push(result)));
    await consumerIs(
      'nothing left',
      (info) => info.num_ack_pending + info.num_pending === 0 && results.length === 1,
    );
    expect(errors.length).toBe(3);
    const dead = await jsm.streams.getMessage('DEAD', { seq: 1 });
    expect(dead?.string()).toBe('poison');
    const headers = Object.fromEntries(
      ['Reason', 'Error', 'Subject', 'Stream', 'Sequence', 'Consumer', 'Deliveries'].map((name) => [
        name,
        dead?.header.get(`Dead-Letter-${name}`),
      ]),
    );
    expect(headers).toEqual({
      Reason: String.raw`line\nbreak`,
      Error: 'Error',
      Subject: 'frames.in',
      Stream: 'FRAMES',
      Sequence: '1',
      Consumer: 'workers',
      Deliveries: '3',
    });
    expect((await jsm.streams.info('FRAMES')).state.messages).toBe(0);
  });

  it('keeps a poisoned message as long as it cannot be published elsewhere', async () => {
    await addStream();
    const consumer = await addConsumer();
    await publish('poison');
    const options = { retryDelay: 1, onError, deadLetter: { js, subject: 'dead.frames', maxDeliveries: 1 } };
    const work = async (): Promise<never> => {
      throw new Error('poisoned');
    };
    running.add(fromConsumer(consumer, work, options).subscribe());
    await consumerIs('deliveries beyond the last', (info) => info.delivered.consumer_seq >= 3);
    expect((await jsm.streams.info('FRAMES')).state.messages).toBe(1);
    // What is wrong is told: no stream has that subject.
    expect(errors.map((error) => (error as Error).name)).toContain('JetStreamNotEnabled');
    await jsm.streams.add({ name: 'DEAD', subjects: ['dead.>'] });
    await consumerIs('nothing left', (info) => info.num_ack_pending + info.num_pending === 0);
    expect((await jsm.streams.info('DEAD')).state.messages).toBe(1);
  });

  it('gives back what is under way when it is unsubscribed: somebody else has it at once', async () => {
    await addStream();
    const consumer = await addConsumer();
    await publish('a', 'b');
    let stopped = 0;
    const first = fromConsumer(consumer, () => NEVER.pipe(finalize(() => stopped++)), { concurrency: 2 });
    const holding = first.subscribe();
    await consumerIs('both delivered', (info) => info.num_ack_pending === 2);
    holding.unsubscribe();
    expect(stopped).toBe(2);
    const results = fromConsumer(consumer, (message) => of(message.string())).pipe(take(2), toArray());
    // Much sooner than after ack_wait, which is 30 s.
    expect((await patiently('both', results)).sort()).toEqual(['a', 'b']);
  });

  it('does not have a message delivered twice while the work on it goes on', async () => {
    await addStream();
    const consumer = await addConsumer({ ack_wait: 1e9 });
    await publish('long');
    const work = (message: JsMsg): Observable<number> =>
      timer(2500).pipe(map(() => message.info.deliveryCount));
    const result = fromConsumer(consumer, work, { concurrency: 4, onError }).pipe(take(1));
    expect(await patiently('the work', result)).toBe(1);
    expect((await jsm.consumers.info('FRAMES', 'workers')).delivered.consumer_seq).toBe(1);
  });

  it('has a message delivered twice where nothing is told of the work: such a consumer is refused', async () => {
    await addStream();
    const consumer = await addConsumer({ ack_wait: 1e9 });
    const failure = firstValueFrom(fromConsumer(consumer, () => NEVER, { workingInterval: 1000 }));
    await expectAsync(failure).toBeRejectedWithError(
      RangeError,
      /less than ack_wait of the consumer, 1000 ms/,
    );
  });

  it('errors when the consumer is deleted, while it waits, and while it works', async () => {
    await addStream();
    const waiting = await addConsumer();
    const failed = patiently(
      'the error',
      fromConsumer(waiting, () => NEVER),
    );
    await consumerIs('a request', (info) => info.num_waiting === 1);
    await jsm.consumers.delete('FRAMES', 'workers');
    await expectAsync(failed).toBeRejectedWith(
      jasmine.objectContaining({ name: 'ConsumerLostError', reason: 'deleted' }),
    );

    const working = await addConsumer();
    await publish('a');
    const done = new Subject<void>();
    const failed2 = patiently(
      'the error',
      fromConsumer(working, () => done.pipe(take(1)), { confirmAcks: false, expires: 1000 }),
    );
    await consumerIs('the delivery', (info) => info.num_ack_pending === 1);
    await jsm.consumers.delete('FRAMES', 'workers');
    done.complete();
    const error = await failed2.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConsumerLostError);
    expect((error as Error).message).toBe(
      'The consumer workers of the stream FRAMES is lost: it was deleted',
    );
  });

  it('errors when the connection to NATS is closed', async () => {
    await addStream();
    await addConsumer();
    const other = await server.connect();
    const consumer = await other.js.consumers.get('FRAMES', 'workers');
    const failed = patiently(
      'the error',
      fromConsumer(consumer, () => NEVER),
    );
    await consumerIs('a request', (info) => info.num_waiting === 1);
    const writer = jetStreamWriter(other.js);
    await other.nc.close();
    await expectAsync(failed).toBeRejectedWith(
      jasmine.objectContaining({ code: 'ERR_CONSUMER_LOST', reason: 'closed' }),
    );
    const sent = patiently('the failure', writer.send('frames.in', 'x'));
    await expectAsync(sent).toBeRejectedWith(jasmine.objectContaining({ code: 'ERR_CONNECTION_LOST' }));
    await expectAsync(patiently('the failure', writer.waitClosed())).toBeRejected();
  });

  it('refuses a consumer that acknowledges more than the one message', async () => {
    await addStream({ retention: RetentionPolicy.Limits });
    const consumer = await addConsumer({ ack_policy: AckPolicy.All });
    await expectAsync(firstValueFrom(fromConsumer(consumer, () => NEVER))).toBeRejectedWithError(
      TypeError,
      /ack_policy explicit, not all/,
    );
  });

  it('survives that the server is killed and started again, on both sides', async () => {
    await addStream();
    const consumer = await addConsumer({ ack_wait: 2e9 });
    const seen = new Set<string>();
    const seen$ = new Subject<number>();
    const work = (message: JsMsg): void => {
      seen.add(message.string());
      seen$.next(seen.size);
    };
    running.add(fromConsumer(consumer, work, { concurrency: 8, onError }).subscribe());
    const writer = jetStreamWriter(js, { maxPending: 32, ackTimeout: 500, maxDelay: 200 });
    const reached = (count: number): Promise<number> =>
      patiently(`${count} of the messages`, seen$.pipe(filter((size) => size >= count)));
    const half = reached(500);
    const all = reached(2000);
    const writing = (async () => {
      for (const frame of numbers(2000)) {
        writer.write('frames.in', frame);
        if (writer.paused) await firstValueFrom(writer.drain());
      }
    })();
    await half;
    await server.kill();
    await server.startAgain();
    await writing;
    await all;
    writer.close();
    await patiently('all acks', writer.waitClosed());
    expect(seen.size).toBe(2000);
  });

  describe('of its facts', () => {
    it('max_ack_pending bounds what is delivered, and a full window stalls: onStall is told', async () => {
      await addStream();
      const consumer = await addConsumer({ max_ack_pending: 2 });
      await publish(...numbers(5));
      const holding: string[] = [];
      const hold = (message: JsMsg): Observable<never> => {
        holding.push(message.string());
        return NEVER;
      };
      running.add(fromConsumer(consumer, hold, { concurrency: 4 }).subscribe());
      await consumerIs('both delivered', (info) => info.num_ack_pending === 2);
      const stalls = new Subject<ConsumerStall>();
      const told = patiently('the stall', stalls);
      const other = fromConsumer(consumer, hold, {
        expires: 1000,
        onStall: (stall) => stalls.next(stall),
        onError,
      });
      running.add(other.subscribe());
      expect(await told).toEqual({ ackPending: 2, maxAckPending: 2, pending: 3 });
      expect(holding).toEqual(['0', '1']);
      expect(errors).toEqual([]);
    });

    it('a second consumer on a work queue is refused', async () => {
      await addStream();
      await addConsumer();
      const second = jsm.consumers.add('FRAMES', { durable_name: 'others', ack_policy: AckPolicy.Explicit });
      await expectAsync(second).toBeRejectedWith(jasmine.objectContaining({ code: 10099 }));
    });

    it('a full stream that discards the new rejects with 10077, and one id is stored once', async () => {
      await addStream({ discard: DiscardPolicy.New, max_bytes: 1024 });
      expect((await js.publish('frames.in', 'x', { msgID: 'one' })).duplicate).toBe(false);
      expect((await js.publish('frames.in', 'x', { msgID: 'one' })).duplicate).toBe(true);
      const tooMuch = js.publish('frames.in', 'x'.repeat(1024));
      await expectAsync(tooMuch).toBeRejectedWith(jasmine.objectContaining({ code: 10077, status: 503 }));
    });
  });

  it('pauses the writer while the stream is full, and goes on when there is room', async () => {
    await addStream({ discard: DiscardPolicy.New, max_msgs: 10 });
    const consumer = await addConsumer();
    const retries = new Subject<unknown>();
    const writer = jetStreamWriter(js, {
      initialDelay: 10,
      maxDelay: 20,
      onRetry: (error) => retries.next(error),
    });
    const tried = patiently('some attempts', retries.pipe(take(4), toArray()));
    for (const frame of numbers(30)) writer.write('frames.in', frame);
    for (const error of await tried) expect(error).toEqual(jasmine.objectContaining({ code: 10077 }));
    expect(writer.paused).toBe(true);
    expect(writer.pending).toBe(20);
    writer.close();
    const seen: string[] = [];
    running.add(
      fromConsumer(consumer, (message) => void seen.push(message.string()), { onError }).subscribe(),
    );
    await patiently('all acks', writer.waitClosed());
    await consumerIs('nothing left', (info) => info.num_ack_pending + info.num_pending === 0);
    expect(seen.sort((a, b) => Number(a) - Number(b))).toEqual(numbers(30));
  });

  it('keeps the order with maxPending 1, also through a full stream', async () => {
    await addStream({ discard: DiscardPolicy.New, max_msgs: 3 });
    const consumer = await addConsumer();
    const writer = jetStreamWriter(js, { maxPending: 1, initialDelay: 5, maxDelay: 10 });
    for (const frame of numbers(40)) writer.write('frames.in', frame);
    const seen = fromConsumer(consumer, (message) => of(message.string()), { onError });
    expect(await patiently('all', seen.pipe(take(40), toArray()))).toEqual(numbers(40));
  });

  it('tells who sends that no stream has the subject, and goes on', async () => {
    await addStream();
    const writer = jetStreamWriter(js, { retryFor: 50, initialDelay: 10, onError });
    const failure: unknown = await patiently('the error', writer.send('nobody.has.it', 'x')).catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(PublishError);
    expect((failure as PublishError).subject).toBe('nobody.has.it');
    writer.write('nobody.has.it', 'y');
    await patiently('the others', writer.send('frames.in', 'z').pipe(toArray()));
    writer.close();
    await patiently('the error, and the end', writer.waitClosed());
    expect(errors.map((error) => (error as Error).name)).toEqual(['PublishError']);
    expect((await jsm.streams.info('FRAMES')).state.messages).toBe(1);
  });

  it('closes the TCP window of a peer when workers fall behind, and all arrives when they go on', async () => {
    const FRAME = 65_536;
    const FRAMES = 768;
    await addStream({ discard: DiscardPolicy.New, max_msgs: 20 });
    const consumer = await addConsumer();
    const bus = jetStreamWriter(js, { initialDelay: 10, maxDelay: 50 });
    const peer = await connectPeer(bus, running);
    const header = Buffer.alloc(4);
    header.writeUInt32BE(FRAME);
    let taken = 0;
    const sending = (async () => {
      for (let i = 0; i < FRAMES; i++) {
        const frame = Buffer.alloc(4 + FRAME, i);
        frame.set(header);
        frame.writeUInt32BE(i, 4);
        await new Promise<void>((resolve, reject) =>
          peer.write(frame, (error) => (error ? reject(error) : resolve())),
        );
        taken += FRAME;
      }
    })();
    const stalledAt = await settled(
      () => taken,
      () => nc.flush(),
    );
    expect(stalledAt).toBeLessThan((FRAMES * FRAME) / 2);
    expect(stalledAt).withContext('the kernel holds some').toBeGreaterThan(0);
    expect(bus.paused).toBe(true);
    expect(bus.pendingBytes)
      .withContext('bounded')
      .toBeLessThan(2 * MEBIBYTE);

    const numbersSeen = new Set<number>();
    const done = new Subject<void>();
    const work = ({ data }: JsMsg): void => {
      if (data.length !== FRAME || data.at(-1) !== numberOf(data) % 256) throw new Error('harmed');
      if (numbersSeen.add(numberOf(data)).size === FRAMES) done.next();
    };
    const worked = fromConsumer(consumer, work, { concurrency: 8, onError }).pipe(takeUntil(done));
    const finished = patiently('the last frame', done);
    running.add(worked.subscribe());
    await finished;
    await sending;
    peer.destroy();
    expect(errors).toEqual([]);
    expect(numbersSeen.size).toBe(FRAMES);
  });
});

function numberOf(data: Uint8Array): number {
  return new DataView(data.buffer, data.byteOffset).getUint32(0);
}

/** A server that hands its frames to the bus, and somebody connected to it. */
async function connectPeer(bus: JetStreamWriter, running: Subscription): Promise<Socket> {
  const port = await patiently(
    'the server',
    new Promise<number>((resolve, reject) => {
      const frames = lengthPrefixed({ maxLength: MEBIBYTE });
      running.add(
        serverConnections$({
          port: 0,
          host: '127.0.0.1',
          onListening: ({ addresses: [address] }) => resolve(address!.port),
        })
          .pipe(serve(({ reader }) => reader.consume(frames, (frame) => bus.send('frames.in', frame), 8)))
          .subscribe({ error: reject }),
      );
    }),
  );
  const socket = createConnection({ port, host: '127.0.0.1' });
  running.add(() => socket.destroy());
  return socket;
}
