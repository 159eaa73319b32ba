import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describeExamples, ExampleProcess, runExample } from './run-example.js';

describeExamples('echo-server and echo-client', () => {
  it('talk to each other, any number of times, until Ctrl+C', async () => {
    const server = new ExampleProcess('echo-server');
    const port = await server.printed(/^Serving on 127\.0\.0\.1:(\d+)$/m);

    const first = await runExample('echo-client', port);
    const second = await runExample('echo-client', port, 'Grüße, 世界');
    server.interrupt();

    expect(first).toEqual({
      lines: ['Send: "Hello World!"', 'Received: "Hello World!"', 'Close the connection'],
      errors: '',
      code: 0,
    });
    expect(second.lines).toEqual(['Send: "Grüße, 世界"', 'Received: "Grüße, 世界"', 'Close the connection']);
    const { lines, errors, code } = await server.end;
    expect(lines.map((line) => line.replace(/\d+$/, 'N'))).toEqual([
      'Serving on 127.0.0.1:N',
      'Received "Hello World!" from 127.0.0.1:N',
      'Close the connection',
      'Received "Grüße, 世界" from 127.0.0.1:N',
      'Close the connection',
    ]);
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
  });

  it('the server, told to stop, closes the connections of clients that have sent nothing', async () => {
    const server = new ExampleProcess('echo-server', '0');
    const port = Number(await server.printed(/:(\d+)$/m));
    const idle = connect({ host: '127.0.0.1', port });
    await once(idle, 'connect');
    // Connections are accepted in their order: when this one has been served the idle one is there.
    await runExample('echo-client', String(port));

    const ended = once(idle.resume(), 'end');
    const closed = once(idle, 'close');
    server.interrupt();

    await ended;
    await closed;
    const { errors, code } = await server.end;
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
  });

  it('the server outlives a client that resets its connection', async () => {
    const server = new ExampleProcess('echo-server');
    const port = await server.printed(/:(\d+)$/m);
    const rude = connect({ host: '127.0.0.1', port: Number(port) });
    await once(rude, 'connect');
    const gone = once(rude, 'close');
    rude.resetAndDestroy();
    await gone;

    const { lines, code } = await runExample('echo-client', port, 'still there?');
    expect(lines[1]).toBe('Received: "still there?"');
    expect(code).toBe(0);
    server.interrupt();
    const { errors, code: serverCode } = await server.end;
    expect(errors).toContain('ConnectionLostError: The connection was lost: read ECONNRESET');
    expect(serverCode).toBe(0);
  });

  it('the client sends its message, waits for the answer, and ends the connection', async () => {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const connection = once(server, 'connection') as Promise<[Socket]>;
    const client = new ExampleProcess('echo-client', String((server.address() as AddressInfo).port), 'ping');

    const [socket] = await connection;
    const [request] = (await once(socket, 'data')) as [Buffer];
    const ended = once(socket, 'end');
    socket.write('pong');
    await ended;
    socket.destroy();
    server.close();

    expect(request.toString()).toBe('ping');
    expect(await client.end).toEqual({
      lines: ['Send: "ping"', 'Received: "pong"', 'Close the connection'],
      errors: '',
      code: 0,
    });
  });

  it('the client tells in one line that nobody listens, or that the port is none', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');

    const refused = await runExample('echo-client', String(port));
    const invalid = await runExample('echo-client', '99999');

    expect(refused).toEqual({ lines: [''], errors: `connect ECONNREFUSED 127.0.0.1:${port}\n`, code: 1 });
    expect(invalid).toEqual({
      lines: [''],
      errors: 'port must be an integer from 1 to 65535, not 99999\n',
      code: 1,
    });
  });

  it('the server tells in one line that its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const { errors, code } = await runExample('echo-server', String(port));
    server.close();

    expect(errors).toBe(`listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`);
    expect(code).toBe(1);
  });
});
