import { Socket } from 'node:net';
import { fromEvent } from 'rxjs';
import type { ConnectOptions } from '../../src/node.js';
import { openConnection } from '../../src/observables/openConnection.js';
import type { Connection } from '../../src/streams/Connection.js';
import { text } from '../contracts/bytes.js';
import { eventually, failureOf } from '../contracts/eventually.js';
import { everythingFrom, plainPeers } from './plainPeers.js';

const host = '127.0.0.1';

describe('openConnection', () => {
  const peers = plainPeers();

  it('throws at the call what is wrong with its options, rather than reject', () => {
    expect(() => openConnection({ port: 65536 })).toThrowError(RangeError, /port .*not 65536$/);
    expect(() => openConnection({ port: 80, limit: -1 })).toThrowError(RangeError, /limit .*not -1$/);
    expect(() => openConnection({} as ConnectOptions)).toThrowError(TypeError, /^One of port .* none does$/);
  });

  it('connects, and leaves the closing to its caller', async () => {
    let peer: Socket | undefined;
    const port = await peers.listen((socket) => (peer = socket));
    const { reader, writer } = await openConnection({ host, port });
    writer.write('question');
    expect(String(await eventually('the question', fromEvent(peer!, 'data')))).toBe('question');
    peer!.write('answer');
    expect(text(await eventually('the answer', reader.readExactly(6)))).toBe('answer');
    expect(writer.isClosing()).toBeFalse();
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  it("rejects with Node's own error when nobody listens", async () => {
    const port = await peers.unusedPort();
    const error = await failureOf('the connect', openConnection({ host, port }));
    expect(error).toEqual(jasmine.objectContaining({ code: 'ECONNREFUSED', port }));
  });

  it('takes a socket that is there already', async () => {
    const [socket, peer] = await peers.pair();
    const { reader, writer } = await openConnection({ socket });
    peer.end('bye');
    expect(text(await eventually('the rest', reader.read()))).toBe('bye');
    writer.close();
    await eventually('the close', writer.waitClosed());
  });

  it('rejects for a socket that is destroyed', async () => {
    const socket = new Socket().destroy();
    expect(await failureOf('the connect', openConnection({ socket }))).toBeInstanceOf(TypeError);
  });

  it('is closed at the end of its scope by await using, with what was written sent before', async () => {
    let peer: Socket | undefined;
    const port = await peers.listen((socket) => (peer = socket));
    let left: Connection | undefined;
    let received: Promise<Uint8Array> | undefined;
    {
      await using connection = await openConnection({ host, port });
      left = connection;
      const greeted = eventually('the greeting', connection.reader.readExactly(2));
      if (peer === undefined) await eventually('the peer', new Promise((resolve) => setImmediate(resolve)));
      peer!.write('hi');
      await greeted;
      received = everythingFrom(peer!);
      connection.writer.write('sent before the close');
      expect(connection.writer.isClosing()).toBeFalse();
    }
    expect(left.writer.isClosing()).toBeTrue();
    expect((left.writer.getExtraInfo('socket') as Socket).destroyed)
      .withContext('waited for the close')
      .toBeTrue();
    expect(text(await received)).toBe('sent before the close');
  });

  it('iterates over lines with for await, until the peer has ended', async () => {
    const port = await peers.listen((socket) => socket.end('one\ntwo\nthree'));
    const lines: string[] = [];
    await using connection = await openConnection({ host, port });
    for await (const line of connection.reader) lines.push(text(line));
    expect(lines).toEqual(['one\n', 'two\n', 'three']);
  });
});
