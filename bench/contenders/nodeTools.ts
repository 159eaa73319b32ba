/** The jobs with what comes with Node: readline, `for await`, `stream.pipeline`. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { answerJobs, expectCount, type JobOptions } from '../answerJobs.js';
import { listen } from './listen.js';
import { REST_MS, SlowWork } from './slowWork.js';

answerJobs({
  async forAwait({ port, amount, size }: JobOptions) {
    let received = 0;
    for await (const chunk of connect({ host: '127.0.0.1', port })) received += (chunk as Buffer).length;
    expectCount(received, amount * size);
  },

  async readline({ port, amount, size }: JobOptions) {
    let received = 0;
    const lines = createInterface({ input: connect({ host: '127.0.0.1', port }), crlfDelay: Infinity });
    lines.on('line', (line) => (received += line.length + 1));
    await once(lines, 'close');
    expectCount(received, amount * size);
  },

  pipeline({ port }: JobOptions) {
    return listen(
      createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
        const upstream = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
        void Promise.all([pipeline(client, upstream), pipeline(upstream, client)]);
      }),
    );
  },

  async slowForAwait({ port, amount, size }: JobOptions) {
    const work = new SlowWork();
    for await (const chunk of connect({ host: '127.0.0.1', port })) {
      if (work.take(chunk as Buffer)) await setTimeout(REST_MS);
    }
    expectCount(work.received, amount * size);
  },

  async slowPipeline({ port, amount, size }: JobOptions) {
    const work = new SlowWork();
    await pipeline(
      connect({ host: '127.0.0.1', port }),
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          if (work.take(chunk)) void setTimeout(REST_MS).then(() => done());
          else done();
        },
      }),
    );
    expectCount(work.received, amount * size);
  },
});
