import { spawn } from 'node:child_process';
import { Duplex, PassThrough, Readable, Writable } from 'node:stream';
import { finalize, fromEvent, mergeMap, repeat, retry, tap, toArray, VirtualTimeScheduler } from 'rxjs';
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

  it('throws at the call for what is none', () => {
    const web = { readable: new ReadableStream(), writable: new WritableStream() };
    const { readable } = new PassThrough();
    const all = [5, '/dev/tty', null, undefined, {}, [], web, { readable }, new Readable(), new Writable()];
    for (const source of all) {
      expect(() => fromDuplex(source as never)).toThrowError(
        TypeError,
        /^A connection needs a Duplex of Node/,
      );
    }
    expect(() => fromDuplex('/dev/tty' as never)).toThrowError(TypeError, /not "\/dev\/tty"$/);
  });

  describe('with a function', () => {
    it('calls it for each subscription, and not before', async () => {
      const made: Duplex[] = [];
      const connection$ = fromDuplex(() => {
        const [duplex, peer] = duplexPair();
        peer.write(`number ${made.push(duplex)}\n`);
        peer.on('end', () => peer.end()).resume();
        return duplex;
      });
      expect(made.length).toBe(0);
      const line = connection$.pipe(mergeMap(({ reader }) => reader.lines()));
      expect(await eventually('a line', line)).toBe('number 1');
      expect(await eventually('a line', line)).toBe('number 2');
      expect(made.length).toBe(2);
    });

    it('reconnects with retry', async () => {
      let count = 0;
      const connection$ = fromDuplex(() => {
        const [duplex, peer] = duplexPair();
        peer.on('end', () => peer.end()).resume();
        count++;
        if (count < 3) setImmediate(() => duplex.destroy(new Error('unplugged')));
        else peer.write('here\n');
        return duplex;
      });
      const line = connection$.pipe(
        mergeMap(({ reader }) => reader.readLine()),
        retry(2),
      );
      expect(text(await eventually('the line', line))).toBe('here\n');
      expect(count).toBe(3);
    });

    it('reconnects with repeat', async () => {
      let count = 0;
      const connection$ = fromDuplex(() => {
        const [duplex, peer] = duplexPair();
        peer.end(`number ${++count}\n`);
        return duplex;
      });
      const lines = connection$.pipe(
        mergeMap(({ reader, writer }) => reader.lines().pipe(finalize(() => writer.close()))),
        repeat(3),
        toArray(),
      );
      expect(await eventually('the lines', lines)).toEqual(['number 1', 'number 2', 'number 3']);
    });

    it('errors with what it throws', async () => {
      const error = new Error('no such port');
      const connection$ = fromDuplex(() => {
        throw error;
      });
      expect(await failureOf('the connection', connection$)).toBe(error);
    });

    it('errors with a TypeError for what is no duplex of bytes, and destroys what was made', async () => {
      const objects = new PassThrough({ objectMode: true });
      const texts = new PassThrough().setEncoding('utf8');
      const pair = { readable: new PassThrough({ objectMode: true }), writable: new PassThrough() };
      for (const made of [objects, texts, pair, undefined, {}, Promise.resolve(new PassThrough())]) {
        const error = await failureOf(
          'the connection',
          fromDuplex(() => made as never),
        );
        expect(error).toEqual(jasmine.any(TypeError));
      }
      for (const stream of [objects, texts, pair.readable, pair.writable])
        expect(stream.destroyed).toBeTrue();
    });

    it('errors when it returns one that carries a connection already, and leaves that alone', async () => {
      const [duplex, peer] = duplexPair();
      const connection$ = fromDuplex(() => duplex);
      const subscription = connection$.subscribe();
      expect(await failureOf('the second subscription', connection$)).toEqual(jasmine.any(TypeError));
      expect(duplex.destroyed).toBeFalse();
      subscription.unsubscribe();
      peer.destroy();
    });
  });

  describe('with { readable, writable }', () => {
    it('reads from the one and writes to the other', async () => {
      const [readable, writable] = [new PassThrough(), new PassThrough()];
      const written: string[] = [];
      writable.on('data', (data) => written.push(String(data)));
      const all = fromDuplex({ readable, writable }).pipe(
        mergeMap(({ reader, writer }) => {
          writer.write('to the one');
          writer.writeEof();
          return reader.read();
        }),
      );
      const received = eventually('all of it', all);
      readable.end('from the other');
      expect(text(await received)).toBe('from the other');
      expect(written.join('')).toBe('to the one');
    });

    it('leaves both alone until it is subscribed to', () => {
      const [readable, writable] = [new PassThrough(), new PassThrough()];
      void fromDuplex({ readable, writable });
      const listeners = [readable, writable].map((stream) => stream.listenerCount('error'));
      expect(listeners).toEqual([0, 0]);
      expect(readable.readableFlowing).toBeNull();
    });

    it('carries one connection: a second is an error, also with one of the two', async () => {
      const [readable, writable] = [new PassThrough(), new PassThrough()];
      const subscription = fromDuplex({ readable, writable }).subscribe();
      const others = [
        { readable, writable },
        { readable, writable: new PassThrough() },
        { readable: new PassThrough(), writable },
      ];
      for (const other of others) {
        expect(await failureOf('a second', fromDuplex(other))).toEqual(jasmine.any(TypeError));
      }
      subscription.unsubscribe();
    });

    it('refuses streams of objects or of text, at the call', () => {
      const [objects, bytes] = [new PassThrough({ objectMode: true }), new PassThrough()];
      const texts = new PassThrough().setEncoding('utf8');
      for (const pair of [
        { readable: objects, writable: bytes },
        { readable: bytes, writable: objects },
        { readable: texts, writable: bytes },
      ]) {
        expect(() => fromDuplex(pair)).toThrowError(TypeError, /must not be in object mode/);
      }
      expect(() => fromDuplex({ readable: bytes, writable: texts })).not.toThrow();
    });

    it('talks to a child process, made anew for each subscription', async () => {
      const sorted = fromDuplex(() => {
        const { stdin, stdout } = spawn('sort');
        return { readable: stdout, writable: stdin };
      }).pipe(
        mergeMap(({ reader, writer }) => {
          writer.write('b\na\n');
          writer.writeEof();
          return reader.read();
        }),
      );
      for (let i = 0; i < 2; i++) expect(text(await eventually('the lines', sorted))).toBe('a\nb\n');
    });
  });
});
