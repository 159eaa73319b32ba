import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { ConnectionLostError, messages, useConnection, type Connection } from '../../src/index.js';
import { fromMessagePort, type MessagePortLike, type MessagePortOptions } from '../../src/web.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';

async function pair(options?: MessagePortOptions): Promise<[Connection, Connection]> {
  const { port1, port2 } = new MessageChannel();
  return [await firstOf(port1, options), await firstOf(port2, options)];
}

async function firstOf(port: MessagePortLike, options?: MessagePortOptions): Promise<Connection> {
  // Not `firstValueFrom`, which would unsubscribe, and so close it.
  return new Promise((found, failed) =>
    fromMessagePort(port, options).subscribe({ next: found, error: failed }),
  );
}

/** A port played by hand. */
class FakePort implements MessagePortLike {
  readonly posted: { message: unknown; transfer: ArrayBuffer[] }[] = [];
  closed = false;
  readonly #listeners = new Map<string, (event: never) => void>();

  postMessage(message: unknown, transfer: ArrayBuffer[]): void {
    this.posted.push({ message, transfer });
  }
  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }
  removeEventListener(type: string): void {
    this.#listeners.delete(type);
  }
  close(): void {
    this.closed = true;
  }
  dispatch(type: string, event: object = {}): void {
    this.#listeners.get(type)?.(event as never);
  }
  receive(data: unknown): void {
    this.dispatch('message', { data });
  }
}

describe('fromMessagePort', () => {
  it('carries lines and the end of one direction', async () => {
    const [one, other] = await pair();
    other.reader.pipeTo(other.writer).subscribe();
    one.writer.write('hello\n');
    one.writer.write('world\n');
    one.writer.writeEof();
    expect(await lastValueFrom(one.reader.lines().pipe(toArray()))).toEqual(['hello', 'world']);
    await firstValueFrom(one.writer.waitClosed());
    await firstValueFrom(other.writer.waitClosed());
  });

  it('carries messages in message mode, with their kinds', async () => {
    const [one, other] = await pair({ mode: 'messages' });
    for (const message of ['text', '"quoted', '', '+1', Uint8Array.of(1, 2), new Uint8Array(0)]) {
      one.writer.write(message);
    }
    one.writer.close();
    const seen = await lastValueFrom(other.reader.frames(messages()).pipe(toArray()));
    expect(seen).toEqual(['text', '"quoted', '', '+1', Uint8Array.of(1, 2), new Uint8Array(0)]);
  });

  it('carries megabytes unharmed, and slows down at the pace of its reader', async () => {
    const [one, other] = await pair();
    const sent = seededBytes(11, 5_000_000);
    one.writer.write(sent);
    // Not before all that may come has come: a message the other way says so.
    other.writer.write('.');
    await firstValueFrom(one.reader.readExactly(1));
    // Only what the window and the reader hold has left.
    expect(one.writer.transport.writeQueueSize).toBeGreaterThan(sent.length - 2 ** 20 - 3 * 65_536);
    const received = await firstValueFrom(other.reader.readExactly(sent.length));
    expect(difference(received, sent)).toBe('none');
    one.writer.close();
    await firstValueFrom(other.writer.waitClosed());
  });

  it('copies what is written, or hands its memory over', async () => {
    const [one, other] = await pair({ transfer: true });
    const whole = new Uint8Array(1000).fill(1);
    const part = new Uint8Array(1000).fill(2).subarray(10, 20);
    one.writer.write(whole);
    one.writer.write(part);
    const received = await firstValueFrom(other.reader.readExactly(1010));
    expect([received[999], received[1000]]).toEqual([1, 2]);
    expect(whole.length).toBe(0);
    expect(part.length).toBe(10);
    one.writer.close();
    await firstValueFrom(other.writer.waitClosed());
  });

  it('is a loss for the peer when this side aborts', async () => {
    const [one, other] = await pair();
    one.writer.abort(new Error('enough'));
    const error = await firstValueFrom(other.writer.waitClosed()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConnectionLostError);
  });

  it('is lost when the other end of the port is closed without a word', async () => {
    const { port1, port2 } = new MessageChannel();
    // Node tells of it; a browser that does not lets the heartbeat find out.
    const connection = await firstOf(port1, { heartbeat: { interval: 50 } });
    port2.close();
    const error = await firstValueFrom(connection.writer.waitClosed()).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(String((error as Error).cause)).toMatch(/The other end of the port is gone|50 ms after a ping/);
  });

  it('says hello first, and sends nothing before it has heard one', () => {
    const port = new FakePort();
    let connection!: Connection;
    fromMessagePort(port).subscribe((c) => (connection = c));
    expect(port.posted.map(({ message }) => message)).toEqual([[]]);
    connection.writer.write('x');
    port.receive([]);
    port.receive('+100');
    expect(port.posted.map(({ message }) => message)).toEqual([[], [], '+1048576', Uint8Array.of(120)]);
  });

  it('transfers memory of its own, and never what lies around a view', () => {
    const port = new FakePort();
    let connection!: Connection;
    fromMessagePort(port).subscribe((c) => (connection = c));
    port.receive([]);
    port.receive('+1000');
    const around = new Uint8Array(1000);
    connection.writer.write(around.subarray(5, 7));
    const { message, transfer } = port.posted.at(-1)!;
    expect(transfer).toEqual([(message as Uint8Array<ArrayBuffer>).buffer]);
    expect(transfer[0]!.byteLength).toBe(2);
  });

  it('is lost by what is no message of a connection, and by one that cannot be taken', () => {
    for (const send of [
      (port: FakePort) => port.receive({ some: 'object' }),
      (port: FakePort) => port.receive(null),
      (port: FakePort) => port.receive(new Float64Array(1)),
      (port: FakePort) => port.dispatch('messageerror'),
      (port: FakePort) => port.dispatch('close'),
    ]) {
      const port = new FakePort();
      const seen: unknown[] = [];
      fromMessagePort(port).subscribe(({ writer }) =>
        writer.waitClosed().subscribe({ error: (e) => seen.push(e) }),
      );
      port.receive([]);
      send(port);
      expect(seen.length).toBe(1);
      expect(seen[0]).toBeInstanceOf(ConnectionLostError);
      expect(port.closed).toBeTrue();
    }
  });

  it('is lost when posting throws', () => {
    const port = new FakePort();
    const seen: unknown[] = [];
    fromMessagePort(port).subscribe(({ writer }) =>
      writer.waitClosed().subscribe({ error: (e) => seen.push(e) }),
    );
    port.postMessage = () => {
      throw new Error('cannot post');
    };
    port.receive([]);
    expect(seen.length).toBe(1);
    expect(String((seen[0] as Error).cause)).toBe('Error: cannot post');
  });

  it('carries one connection at a time', async () => {
    const port = new FakePort();
    const seen: unknown[] = [];
    const source = fromMessagePort(port);
    source.subscribe(({ writer }) => seen.push(writer));
    source.subscribe({ error: (e) => seen.push(e) });
    expect(seen[1]).toBeInstanceOf(TypeError);
    port.dispatch('close');
    source.subscribe(({ writer }) => seen.push(writer));
    expect(seen.length).toBe(3);
  });

  it('takes a function, which is asked for each subscription', async () => {
    const { port1, port2 } = new MessageChannel();
    fromMessagePort(port2)
      .pipe(useConnection(({ reader, writer }) => reader.pipeTo(writer)))
      .subscribe();
    const echoed = await lastValueFrom(
      fromMessagePort(() => port1).pipe(
        useConnection(({ reader, writer }) => {
          writer.write('echo');
          return reader.readExactly(4);
        }),
      ),
    );
    expect(text(echoed)).toBe('echo');
  });

  it('checks its arguments', () => {
    expect(() => fromMessagePort({} as never)).toThrowError(TypeError);
    expect(() => fromMessagePort(undefined as never)).toThrowError(TypeError);
    expect(() => fromMessagePort(new FakePort(), { transfer: 1 as never })).toThrowError(TypeError);
    expect(() => fromMessagePort(new FakePort(), { mode: 'x' as never })).toThrowError(RangeError);
    const seen: unknown[] = [];
    fromMessagePort(() => ({}) as never).subscribe({ error: (e) => seen.push(e) });
    expect(seen[0]).toBeInstanceOf(TypeError);
  });
});
