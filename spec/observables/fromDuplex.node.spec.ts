import { Duplex, PassThrough } from 'node:stream';
import { fromEvent, mergeMap, tap, toArray, VirtualTimeScheduler } from 'rxjs';
import { fromDuplex } from '../../src/observables/fromDuplex.js';
import { ConnectionLostError } from '../../src/streams/errors.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { duplexPair } from '../transports/node/duplexPair.js';

describe('fromDuplex', () => {
  it('checks its options at the call', () => {
    const duplex = new PassThrough();
    expect(() => fromDuplex(duplex, { limit: 0 })).toThrowError(RangeError, /limit .*not 0$/);
    expect(() => fromDuplex(duplex, { lowWaterMark: 3, highWaterMark: 2 })).toThrowError(
      RangeError,
      /not 2 and 3$/,
    );
    expect(() => fromDuplex(duplex, { closeTimeout: NaN })).toThrowError(
      RangeError,
      /closeTimeout .*not NaN$/,
    );
    duplex.destroy();
  });

  it('leaves the duplex alone until it is subscribed to', async () => {
    const [duplex, peer] = duplexPair();
    const connection$ = fromDuplex(duplex);
    peer.write('waiting\n');
    await eventually('the bytes to be there', fromEvent(duplex, 'readable'));
    expect(duplex.readableFlowing).withContext('flowing').toBeFalsy();
    expect(duplex.listenerCount('error')).toBe(0);
    duplex.removeAllListeners('readable');
    const line = connection$.pipe(mergeMap(({ reader }) => reader.lines()));
    expect(await eventually('the line', line)).toBe('waiting');
  });

  it('emits at once, and completes when both sides have closed', async () => {
    const [duplex, peer] = duplexPair();
    const events: string[] = [];
    const ended = eventually(
      'the completion',
      fromDuplex(duplex).pipe(
        tap({ next: () => events.push('next'), complete: () => events.push('complete') }),
        mergeMap(({ reader, writer }) => reader.read().pipe(tap({ complete: () => writer.close() }))),
        tap((all) => events.push(text(all))),
        toArray(),
      ),
    );
    expect(events).toEqual(['next']);
    peer.end('all there is');
    await ended;
    expect(events).toEqual(['next', 'all there is', 'complete']);
    expect(duplex.destroyed).toBeTrue();
    peer.destroy();
  });

  it('errors when the duplex carries a connection already', async () => {
    const [duplex, peer] = duplexPair();
    const connection$ = fromDuplex(duplex);
    const subscription = connection$.subscribe();
    const error = await failureOf('the second subscription', connection$);
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toContain('already');
    subscription.unsubscribe();
    peer.destroy();
  });

  it('refuses a duplex of objects or of text, at the call', () => {
    for (const duplex of [new PassThrough({ objectMode: true }), new PassThrough().setEncoding('utf8')]) {
      expect(() => fromDuplex(duplex)).toThrowError(TypeError, /must not be in object mode/);
      duplex.destroy();
    }
  });

  it('closes when it is unsubscribed from, with what was written sent before', async () => {
    const [duplex, peer] = duplexPair();
    const chunks: string[] = [];
    peer.on('data', (chunk) => chunks.push(String(chunk)));
    const ended = eventually('the end at the peer', fromEvent(peer, 'end'));
    const subscription = fromDuplex(duplex).subscribe(({ writer }) => writer.write('x'.repeat(100_000)));
    subscription.unsubscribe();
    await ended;
    expect(chunks.join('').length).toBe(100_000);
    peer.destroy();
  });

  it('aborts a duplex that does not take what was written, when closeTimeout is over', async () => {
    const stuck = new Duplex({ read: () => undefined, write: () => undefined });
    const scheduler = new VirtualTimeScheduler();
    const lost: Promise<unknown>[] = [];
    fromDuplex(stuck, { closeTimeout: 50, scheduler })
      .subscribe(({ writer }) => {
        writer.write('to nobody');
        lost.push(failureOf('waitClosed()', writer.waitClosed()));
      })
      .unsubscribe();
    expect(stuck.destroyed).withContext('before closeTimeout').toBeFalse();
    scheduler.flush();
    expect(scheduler.now()).toBe(50);
    expect(stuck.destroyed).withContext('after closeTimeout').toBeTrue();
    expect(await lost[0]).toBeInstanceOf(ConnectionLostError);
  });

  it('completes when the duplex is destroyed by somebody else', async () => {
    const [duplex, peer] = duplexPair();
    const reads: Promise<unknown>[] = [];
    const whole = eventually(
      'the completion',
      fromDuplex(duplex).pipe(
        tap(({ reader }) => reads.push(failureOf('the read', reader.read()))),
        toArray(),
      ),
    );
    duplex.destroy(new Error('unplugged'));
    expect((await whole).length).toBe(1);
    expect(((await reads[0]) as Error).message).toContain('unplugged');
    peer.destroy();
  });
});
