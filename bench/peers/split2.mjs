/** The lines with split2. */
import { once } from 'node:events';
import { connect } from 'node:net';
import split2 from 'split2';
import { answerJobs, expectCount } from '../../build/bench/answerJobs.js';

answerJobs({
  async lines({ port, amount, size }) {
    let received = 0;
    const lines = connect({ host: '127.0.0.1', port }).pipe(split2());
    lines.on('data', (line) => (received += line.length + 1));
    await once(lines, 'end');
    expectCount(received, amount * size);
  },
});
