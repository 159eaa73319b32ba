import type { Socket } from 'node:net';
import { fromEvent, mergeMap, Subject, take, takeUntil, toArray } from 'rxjs';
import { fromConnection } from '../../src/observables/fromConnection.js';
import { fromUnixConnection } from '../../src/observables/fromUnixConnection.js';
import { openConnection } from '../../src/observables/openConnection.js';
import type { Connection } from '../../src/streams/Connection.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { everythingFrom, plainPeers } from './plainPeers.js';
import { temporaryPaths } from './temporaryPaths.js';

describe('fromUnixConnection', () => {
  const peers = plainPeers();
  const temporaryPath = temporaryPaths();
  const finish = new Subject<void>();

  afterEach(() => finish.next());

  async function connectTo(path: string): Promise<[Connection, Socket]> {
    const accepted = new Subject<Socket>();
    await peers.listenOnPath(path, (socket) => accepted.next(socket));
    const peer = eventually('the accept', accepted);
    const connection = await new Promise<Connection>((resolve, reject) => {
      fromUnixConnection(path).pipe(takeUntil(finish)).subscribe({ next: resolve, error: reject });
    });
    return [connection, await peer];
  }

  it('throws at the call for a path that the system would cut off', () => {
    const longest = process.platform === 'linux' ? 107 : 103;
    for (const path of [`/${'x'.repeat(longest)}`, `/${'é'.repeat(longest / 2 + 1)}`]) {
      const message = new RegExp(`at most ${longest} bytes on ${process.platform}, this one has \\d+: /`);
      expect(() => fromUnixConnection(path)).toThrowError(RangeError, message);
      expect(() => openConnection({ path })).toThrowError(RangeError, message);
    }
    expect(() => fromUnixConnection(`/${'x'.repeat(longest - 1)}`)).not.toThrow();
  });

  it('throws at the call for a path that is none', () => {
    for (const path of ['', 5 as unknown as string, null as unknown as string]) {
      expect(() => fromUnixConnection(path)).toThrowError(TypeError, /path of a Unix socket/);
    }
  });

  it('carries bytes both ways', async () => {
    const path = temporaryPath();
    await peers.listenOnPath(path, (socket) => socket.pipe(socket));
    const lines = fromUnixConnection(path).pipe(
      mergeMap(({ reader, writer }) => {
        writer.write('one\ntwo\n');
        return reader.lines().pipe(take(2));
      }),
      take(2),
      toArray(),
    );
    expect(await eventually('the echo', lines)).toEqual(['one', 'two']);
  });

  it("errors with Node's own error when there is no such file", async () => {
    const path = temporaryPath('nobody');
    const error = await failureOf('the connect', fromUnixConnection(path));
    expect(error).toEqual(jasmine.objectContaining({ code: 'ENOENT', syscall: 'connect', address: path }));
  });

  it('knows the path it is connected to, also after the close', async () => {
    const path = temporaryPath();
    const [{ writer }] = await connectTo(path);
    const names = (): unknown[] => ['peername', 'sockname'].map((name) => writer.getExtraInfo(name));
    const expected = [path, ''].map((address) => ({ address, family: 'Unix', port: 0 }));
    expect(names()).toEqual(expected);
    writer.close();
    await eventually('the close', writer.waitClosed());
    expect(names()).toEqual(expected);
  });

  it('ends one direction and keeps the other', async () => {
    const [{ reader, writer }, peer] = await connectTo(temporaryPath());
    writer.write('question');
    writer.writeEof();
    expect(text(await everythingFrom(peer))).toBe('question');
    peer.end('answer');
    expect(text(await eventually('the answer', reader.read()))).toBe('answer');
    await eventually('the close', writer.waitClosed());
  });

  it('sends what was written, then the end, when it is unsubscribed from', async () => {
    const [{ writer }, peer] = await connectTo(temporaryPath());
    writer.write('the last word');
    finish.next();
    expect(text(await everythingFrom(peer))).toBe('the last word');
    await eventually('the close', writer.waitClosed());
  });

  it('shows an abort to the peer as an end: Unix sockets know no reset', async () => {
    const [{ writer }, peer] = await connectTo(temporaryPath());
    const ended = eventually('the end at the peer', fromEvent(peer.resume(), 'end'));
    writer.abort();
    await ended;
    expect(peer.errored).toBeNull();
    await eventually('the close', writer.waitClosed());
  });

  it('is fromConnection with a path', async () => {
    const path = temporaryPath();
    await peers.listenOnPath(path, (socket) => socket.end('hello'));
    const greeting = fromConnection({ path }).pipe(mergeMap(({ reader }) => reader.read()));
    expect(text(await eventually('the greeting', greeting))).toBe('hello');
  });
});
