import type { Connection } from '../../src/streams/Connection.js';
import { ConnectionLostError, UnreadPlaintextError } from '../../src/streams/errors.js';
import { difference, seededBytes, text } from '../contracts/bytes.js';
import { failureOf } from '../contracts/eventually.js';
import { certificateFiles, certificates } from './certificates.js';
import { patiently } from './patience.js';
import { newestPython, PythonPeer, pythonSides } from './PythonPeers.js';
import { close, useConnections } from './useConnections.js';
import { usePrograms } from './usePrograms.js';

const host = '127.0.0.1';
const success = { told: [], stderr: '', exitCode: 0 };

describe("Python's asyncio over TLS", () => {
  const programs = usePrograms('openssl');
  const connections = useConnections();

  beforeEach(() => {
    if (newestPython() === undefined) pending('python3 is not installed');
  });

  const sides = pythonSides('TLS', programs, connections);

  async function toldOf({ peer, ours }: { peer: PythonPeer; ours: Connection }): Promise<unknown> {
    ours.writer.write('\n');
    const told = await peer.told();
    expect(await patiently('its end', ours.reader.read())).toEqual(new Uint8Array(0));
    await close(ours);
    expect(await peer.rest()).toEqual(success);
    return told;
  }

  it('learns the name, the protocol and the certificate of our client', async () => {
    const { client } = certificates();
    const begun = await sides['our client and its server']!('who', {
      theirs: { ask: true, alpn: ['echo'] },
      ours: { ...client, servername: 'localhost', ALPNProtocols: ['other', 'echo'] },
    });
    const { writer } = begun.ours;
    expect(writer.getExtraInfo('alpnProtocol')).toBe('echo');
    expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('localhost');
    expect(await toldOf(begun)).toEqual({
      version: 'TLSv1.3',
      protocol: 'echo',
      peer: 'a client',
      askedFor: ['localhost'],
    });
  });

  it('shows our server its name, its protocol and its certificate', async () => {
    const begun = await sides['our server and its client']!('who', {
      theirs: { show: true, alpn: ['other', 'echo'] },
      ours: { ca: certificates().ca, requestCert: true, ALPNProtocols: ['echo'] },
    });
    const { writer } = begun.ours;
    expect(writer.getExtraInfo('alpnProtocol')).toBe('echo');
    expect(writer.getExtraInfo('servername')).toBe('localhost');
    expect(writer.getExtraInfo('peercert')!.subject.CN).toBe('a client');
    expect(await toldOf(begun)).toEqual({
      version: 'TLSv1.3',
      protocol: 'echo',
      peer: 'localhost',
      askedFor: [],
    });
  });
});

describe("Python's StreamWriter.start_tls", () => {
  const programs = usePrograms('openssl');
  const connections = useConnections();

  beforeEach(() => {
    const python = newestPython();
    if (python === undefined) pending('python3 is not installed');
    const [, minor] = python!.version;
    if (minor < 11) pending(`StreamWriter.start_tls needs Python 3.11, here is 3.${minor}`);
  });

  async function theirServer(
    conversation: string,
    options: object = {},
  ): Promise<{ peer: PythonPeer; ours: Connection }> {
    const files = certificateFiles(programs.folder);
    const peer = new PythonPeer(programs, { conversation, role: 'serve', start_tls: files, ...options });
    return { peer, ours: await connections.connect({ host, port: (await peer.told()) as number }) };
  }

  async function theirClient(
    name: string,
    options: object = {},
  ): Promise<{ peer: PythonPeer; ours: Connection }> {
    const { port, accepted } = await connections.listen();
    const tls = { ...certificateFiles(programs.folder), name };
    const peer = new PythonPeer(programs, {
      conversation: 'start_tls',
      role: 'connect',
      port,
      start_tls: tls,
      ...options,
    });
    return { peer, ours: await accepted() };
  }

  async function encryptAsClient({ peer, ours }: { peer: PythonPeer; ours: Connection }): Promise<void> {
    ours.writer.write('encrypt\n');
    expect(await peer.told()).toBe('encrypt\n');
    expect(text(await patiently('its consent', ours.reader.readLine()))).toBe('go ahead\n');
    const tls = { ca: certificates().ca, servername: 'localhost' };
    await patiently('the handshake', ours.writer.startTls(tls));
    expect(await peer.told()).toBe('TLSv1.3');
  }

  async function encryptAsServer({ peer, ours }: { peer: PythonPeer; ours: Connection }): Promise<void> {
    expect(text(await patiently('its wish', ours.reader.readLine()))).toBe('encrypt\n');
    ours.writer.write('go ahead\n');
    await patiently('the handshake', ours.writer.startTls({ isServer: true, ...certificates().server }));
    expect(await peer.told()).toBe('go ahead\n');
    expect(await peer.told()).toBe('TLSv1.3');
  }

  const sides = {
    'our client and its server': async (options?: object) => {
      const begun = await theirServer('start_tls', options);
      await encryptAsClient(begun);
      return begun;
    },
    'our server and its client': async (options?: object) => {
      const begun = await theirClient('localhost', options);
      await encryptAsServer(begun);
      return begun;
    },
  };

  for (const [side, begin] of Object.entries(sides)) {
    it(`goes on line by line behind it, between ${side}`, async () => {
      const { peer, ours } = await begin();
      expect(ours.writer.getExtraInfo('tlsVersion')).toBe('TLSv1.3');
      for (const line of ['one\n', 'two\n']) {
        ours.writer.write(line);
        expect(text(await patiently('an answer', ours.reader.readLine()))).toBe(line.toUpperCase());
        expect(await peer.told()).toBe(line);
      }
      await close(ours);
      expect(await peer.rest()).toEqual(success);
    });

    it(`carries 4 MiB both ways behind it, between ${side}`, async () => {
      const { peer, ours } = await begin({ size: 4 });
      const sent = seededBytes(7, 4 * 2 ** 20);
      ours.writer.write(sent);
      const received = await patiently('its 4 MiB', ours.reader.readExactly(sent.length));
      const expected = Uint8Array.from({ length: sent.length }, (_, i) => (i * 7) % 251);
      expect(difference(received, expected)).toBe('none');
      expect(await peer.told()).toEqual([sent.length, jasmine.any(String)]);
      await close(ours);
      expect(await peer.rest()).toEqual(success);
    });
  }

  it('refuses our certificate under another name, and ours is told', async () => {
    const { peer, ours } = await theirClient('example.org');
    await patiently('its wish', ours.reader.readLine());
    ours.writer.write('go ahead\n');
    // In TLS 1.3 the handshake would be over here before the client has looked at the certificate.
    const tls = { isServer: true, ...certificates().server, maxVersion: 'TLSv1.2' } as const;
    const failure = await failureOf('the handshake', ours.writer.startTls(tls));
    expect(failure).toBeInstanceOf(ConnectionLostError);
    expect(await peer.rest()).toEqual({
      ...success,
      told: ['go ahead\n', ['failed', 'SSLCertVerificationError']],
    });
  });

  it('is not even begun by ours where there is plaintext behind the consent', async () => {
    const { ours } = await theirServer('say_too_much');
    ours.writer.write('encrypt\n');
    await patiently('its consent', ours.reader.readLine());
    const tls = { ca: certificates().ca, servername: 'localhost' };
    const failure = await failureOf('the handshake', ours.writer.startTls(tls));
    expect(failure).toBeInstanceOf(UnreadPlaintextError);
    expect(text(await patiently('what stays in plain', ours.reader.readLine()))).toBe('injected\n');
  });
});
