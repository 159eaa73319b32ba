import { Duplex } from 'node:stream';
import { firstValueFrom, toArray } from 'rxjs';
import { useConnection } from '../../src/index.js';
import { fromDuplex } from '../../src/observables/fromDuplex.js';
import { fromWebStreams } from '../../src/observables/fromWebStreams.js';
import { eventually } from '../contracts/eventually.js';
import { plainPeers } from './plainPeers.js';

describe('fromWebStreams on streams of Node', () => {
  const peers = plainPeers();

  it('carries a conversation over a socket, up to the end of both directions', async () => {
    const [client, server] = await peers.pair();
    fromDuplex(server)
      .pipe(useConnection(({ reader, writer }) => reader.pipeTo(writer)))
      .subscribe();
    const lines$ = fromWebStreams(() => Duplex.toWeb(client)).pipe(
      useConnection(({ reader, writer }) => {
        writer.write('one\ntwo\n');
        writer.writeEof();
        return reader.lines();
      }),
      toArray(),
    );
    expect(await eventually('the echo', lines$)).toEqual(['one', 'two']);
  });

  it('reads the body of a response, and decompresses on the way', async () => {
    const body = new Blob(['hello\n'.repeat(3)]).stream().pipeThrough(new CompressionStream('gzip'));
    const unpacked = body.pipeThrough(new DecompressionStream('gzip'));
    const lines$ = fromWebStreams({ readable: new Response(unpacked).body }).pipe(
      useConnection(({ reader }) => reader.lines()),
      toArray(),
    );
    expect(await firstValueFrom(lines$)).toEqual(['hello', 'hello', 'hello']);
  });
});
