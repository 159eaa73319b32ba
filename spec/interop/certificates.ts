import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { handOver } from './nobody.js';

export interface Identity {
  cert: string;
  key: string;
}

export interface Certificates {
  /** The certificate of the authority that has signed the others. */
  ca: string;
  /** Of `localhost` and 127.0.0.1. */
  server: Identity;
  /** Of somebody called `a client`. */
  client: Identity;
}

// Python 3.13 refuses certificates that lack any of these.
const CONFIG = `
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[client]
basicConstraints = critical, CA:FALSE
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;

let made: Certificates | undefined;

/** Certificates that are made, by the `openssl` program, once for all specs. */
export function certificates(): Certificates {
  made ??= make();
  return made;
}

/** The same as files, for programs. */
export function certificateFiles(
  folder: string,
): Record<'ca' | 'cert' | 'key' | 'clientCert' | 'clientKey', string> {
  const { ca, server, client } = certificates();
  const write = (name: string, content: string): string => {
    const path = join(folder, name);
    // No key that others may read: OpenSMTPD refuses it.
    writeFileSync(path, content, { mode: 0o600 });
    handOver(path);
    return path;
  };
  return {
    ca: write('ca.pem', ca),
    cert: write('server.pem', server.cert),
    key: write('server.key', server.key),
    clientCert: write('client.pem', client.cert),
    clientKey: write('client.key', client.key),
  };
}

function make(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'rxjs-net-certificates-'));
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const create = (section: string, commonName: string, signer: string[] = []): Identity => {
    const output = ['-keyout', `${section}.key`, '-out', `${section}.pem`];
    // RSA: OpenSMTPD has keys of no other kind under OpenSSL 3.
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-config', 'config'];
    const args = [...request, '-extensions', section, '-subj', `/CN=${commonName}`, ...signer, ...output];
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    return { cert: read(`${section}.pem`), key: read(`${section}.key`) };
  };
  try {
    writeFileSync(join(folder, 'config'), CONFIG);
    const authority = create('authority', 'rxjs-net specs');
    const signer = ['-CA', 'authority.pem', '-CAkey', 'authority.key'];
    return {
      ca: authority.cert,
      server: create('server', 'localhost', signer),
      client: create('client', 'a client', signer),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
