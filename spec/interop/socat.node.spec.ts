import { join } from 'node:path';
import { toArray } from 'rxjs';
import type { ConnectOptions } from '../../src/observables/ConnectOptions.js';
import type { Connection } from '../../src/streams/Connection.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';
import { certificateFiles, certificates } from './certificates.js';
import { patiently } from './patience.js';
import type { Program } from './Program.js';
import { close, useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
const data = seededBytes(6, 4 * 2 ** 20);

describe('socat', () => {
  const programs = usePrograms('socat', 'openssl');
  const ours = useConnections();

  // -t: how long it goes on in the other direction when one has ended. The default would cut off slow answers.
  function socat(...addresses: readonly string[]): Program {
    return programs.start('socat', ['-d', '-d', '-t', '30', ...addresses], { cwd: programs.folder });
  }

  async function listeningPort(program: Program): Promise<number> {
    const [, port] = await program.says(/listening on .*:(\d+)\s/);
    return Number(port);
  }

  /** Each kind of connection: how our client reaches socat, and socat's client our server. */
  const kinds: Record<
    string,
    {
      toProgram(target: string): Promise<Connection>;
      fromProgram(source: string): Promise<{ program: Program; connection: Connection }>;
    }
  > = {
    TCP: {
      async toProgram(target) {
        const port = await listeningPort(socat(`TCP-LISTEN:0,bind=${host}`, target));
        return ours.connect({ host, port });
      },
      async fromProgram(source) {
        const { port, accepted } = await ours.listen();
        const program = socat(source, `TCP:${host}:${port}`);
        return { program, connection: await accepted() };
      },
    },
    'a Unix socket': {
      async toProgram(target) {
        const path = join(programs.folder, 'program.sock');
        await socat(`UNIX-LISTEN:${path}`, target).says(/listening on/);
        return ours.connect({ path });
      },
      async fromProgram(source) {
        const path = join(programs.folder, 'ours.sock');
        const { accepted } = await ours.listen({ path, writableAll: true });
        const program = socat(source, `UNIX-CONNECT:${path}`);
        return { program, connection: await accepted() };
      },
    },
  };

  for (const [kind, { toProgram, fromProgram }] of Object.entries(kinds)) {
    describe(`over ${kind}`, () => {
      it('gets the end of our direction, and answers behind it', async () => {
        const { reader, writer } = await toProgram('EXEC:wc -c');
        writer.write('four');
        writer.write('teen bytes');
        writer.writeEof();
        expect(text(await patiently('the answer', reader.read())).trim()).toBe('14');
        expect(reader.atEof()).toBeTrue();
      });

      it('ends its direction, and gets what we send behind that', async () => {
        const { program, connection } = await fromProgram('STDIO');
        program.end('all I have to say\n');
        expect(text(await patiently('all of it', connection.reader.read()))).toBe('all I have to say\n');
        connection.writer.write(data);
        await close(connection);
        await program.exitCode();
        expect(difference(program.output, data)).toBe('none');
      });

      it('gets the end of our direction from a server, and goes on', async () => {
        const { program, connection } = await fromProgram('STDIO');
        connection.writer.write('that is all\n');
        connection.writer.writeEof();
        await program.says(/that is all/);
        program.end(data);
        const received = await patiently('what it sends', connection.reader.read());
        expect(difference(received, data)).toBe('none');
        await close(connection);
      });

      it('carries 4 MiB both ways at once', async () => {
        const { reader, writer } = await toProgram('EXEC:cat');
        writer.write(data);
        writer.writeEof();
        expect(difference(await patiently('the echo', reader.read()), data)).toBe('none');
      });
    });
  }

  /** Our client, socat between two kinds of connection, and an echo of ours. */
  async function throughProgram(
    from: string,
    to: (port: number) => string,
    options: Partial<ConnectOptions> = {},
    serverOptions: Parameters<typeof ours.listen>[0] = {},
  ): Promise<void> {
    const { port, accepted } = await ours.listen(serverOptions);
    const program = socat(from, to(port));
    const client = await ours.connect({
      host,
      port: await listeningPort(program),
      ...options,
    } as ConnectOptions);
    // The first byte makes it connect.
    client.writer.write(data.subarray(0, 1));
    const server = await accepted();
    const echo = patiently('the end of the echo', server.reader.pipeTo(server.writer).pipe(toArray()));
    client.writer.write(data.subarray(1));
    const received = await patiently('the echo', client.reader.readExactly(data.length));
    expect(difference(received, data)).toBe('none');
    client.writer.close();
    await echo;
  }

  it('between us and ourselves changes nothing of 4 MiB', async () => {
    await throughProgram(`TCP-LISTEN:0,bind=${host}`, (port) => `TCP:${host}:${port}`);
  });

  it('may encrypt for us', async () => {
    const { ca } = certificateFiles(programs.folder);
    await throughProgram(
      `TCP-LISTEN:0,bind=${host}`,
      (port) => `OPENSSL:${host}:${port},cafile=${ca},commonname=localhost`,
      {},
      { tls: certificates().server },
    );
  });

  it('may decrypt for us', async () => {
    const { cert, key } = certificateFiles(programs.folder);
    await throughProgram(
      `OPENSSL-LISTEN:0,bind=${host},cert=${cert},key=${key},verify=0`,
      (port) => `TCP:${host}:${port}`,
      { tls: { ca: certificates().ca } },
    );
  });

  it('asks for our certificate', async () => {
    const { ca, cert, key } = certificateFiles(programs.folder);
    const listen = `OPENSSL-LISTEN:0,bind=${host},cert=${cert},key=${key},cafile=${ca},verify=1`;
    const port = await listeningPort(socat(listen, 'EXEC:cat'));
    const { reader, writer } = await ours.connect({
      host,
      port,
      tls: { ca: certificates().ca, ...certificates().client },
    });
    writer.write('hello\n');
    expect(text(await patiently('the echo', reader.readLine()))).toBe('hello\n');
  });

  it('shows its certificate', async () => {
    const { ca, clientCert, clientKey } = certificateFiles(programs.folder);
    const { server, ca: authority } = certificates();
    const { port, accepted } = await ours.listen({ tls: { ...server, ca: authority, requestCert: true } });
    const options = `cafile=${ca},commonname=localhost,cert=${clientCert},key=${clientKey}`;
    const program = socat('STDIO', `OPENSSL:${host}:${port},${options}`);
    const { reader, writer } = await accepted();
    expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('a client');
    program.write('hello\n');
    expect(text(await patiently('its line', reader.readLine()))).toBe('hello\n');
    writer.write('you, too\n');
    await program.says(/you, too/);
  });
});
