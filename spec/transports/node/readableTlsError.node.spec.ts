import { createSecureContext } from 'node:tls';
import { readableTlsError } from '../../../src/transports/node/readableTlsError.js';
import { server } from './certificates.js';

describe('readableTlsError', () => {
  const texts: [string, string][] = [
    [
      '800C4DE5F7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/openssl/ssl/record/ssl3_record.c:354:\n',
      'TLS: wrong version number',
    ],
    [
      '40178B71:error:0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../deps/openssl/openssl/ssl/record/rec_layer_s3.c:1605:SSL alert number 48\n',
      'TLS: tlsv1 alert unknown ca',
    ],
    [
      'write EPROTO 80FC:error:0A000410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:../deps/x.c:1605:SSL alert number 40\n',
      'TLS: sslv3 alert handshake failure',
    ],
    ['error:05800074:x509 certificate routines::key values mismatch', 'TLS: key values mismatch'],
    ['error:0480006C:PEM routines::no start line', 'TLS: no start line'],
    [
      '1:error:0A00010B:SSL routines:a:first reason:x.c:1:\n1:error:0A000076:SSL routines:b:second reason:y.c:2:\n',
      'TLS: first reason',
    ],
  ];
  for (const [raw, readable] of texts) {
    it(`has the reason alone: ${readable}`, () => {
      const cause = Object.assign(new Error(raw), { code: 'ERR_SSL_X' });
      const error = readableTlsError(cause) as NodeJS.ErrnoException;
      expect(error.message).toBe(readable);
      expect(error.code).toBe('ERR_SSL_X');
      expect(error.cause).toBe(cause);
      expect(readableTlsError(error)).withContext('the second time').toBe(error);
    });
  }

  it('takes what Node makes of a key that is none', () => {
    const contents = [
      { key: 'no key', cert: 'no certificate' },
      { ...server, key: 'no key' },
    ];
    for (const options of contents) {
      let thrown: unknown;
      try {
        createSecureContext(options);
      } catch (error) {
        thrown = error;
      }
      const error = readableTlsError(thrown) as NodeJS.ErrnoException;
      expect(error.message).toMatch(/^TLS: [a-z ]+$/);
      expect(error.code).toBe((thrown as NodeJS.ErrnoException).code);
    }
  });

  it('lets every other error be', () => {
    for (const error of [
      new Error('read ECONNRESET'),
      new Error('self-signed certificate'),
      'text',
      undefined,
    ]) {
      expect(readableTlsError(error)).toBe(error);
    }
  });
});
