// Such as 800C4DE5F7F0000:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/openssl/….c:354:
const OPENSSL = /(?:^|:)error:[0-9A-F]+:([^:\n]*):([^:\n]*):([^:\n]+)/i;

/**
 * Node's error, with the reason alone for a message where that is OpenSSL's raw text, which then is the `cause`. The
 * `code` stays. Any other error is returned as it is.
 *
 * @internal
 */
export function readableTlsError(error: Error): Error;
export function readableTlsError(error: unknown): unknown;
export function readableTlsError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const reason = OPENSSL.exec(error.message)?.[3];
  if (reason === undefined) return error;
  const { code } = error as NodeJS.ErrnoException;
  return Object.assign(
    new Error(`TLS: ${reason.trim()}`, { cause: error }),
    code === undefined ? {} : { code },
  );
}

/** Calls Node's check of keys and certificates; what it throws is readable. @internal */
export function checkKeys(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw readableTlsError(error);
  }
}
