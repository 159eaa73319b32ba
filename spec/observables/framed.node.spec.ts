import { Duplex } from 'node:stream';
import { firstValueFrom, forkJoin, lastValueFrom } from 'rxjs';
import { framed } from '../../src/index.js';
import { fromDuplex } from '../../src/node.js';
import { shoutCodec } from '../diagrams/writing.js';

describe('framed on a Duplex', () => {
  it('requests of one tick leave in one write', async () => {
    const writes: string[] = [];
    const duplex = new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, callback) {
        writes.push(chunk.toString());
        this.push(chunk.toString().toUpperCase());
        callback();
      },
    });
    const connection$ = fromDuplex(duplex);
    const connection = await new Promise<Parameters<typeof framed>[0]>((resolve) => {
      connection$.subscribe(resolve);
    });
    const client = framed(connection, shoutCodec);
    const replies = await lastValueFrom(forkJoin(['a', 'b', 'c'].map((text) => client.request(text))));
    expect(replies).toEqual(['A!', 'B!', 'C!']);
    expect(writes).toEqual(['a!b!c!']);
    connection.writer.close();
    await firstValueFrom(connection.writer.waitClosed());
  });
});
