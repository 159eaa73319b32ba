/** What fits into the operating system's address structure, behind it a zero byte. */
const LONGEST: Partial<Record<string, number>> = { linux: 107, darwin: 103, freebsd: 103, openbsd: 103 };

/** Throws for a path that the system would cut off, or refuse with a message about something else. @internal */
export function checkUnixPath(path: string): void {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`path must be the path of a Unix socket, not ${JSON.stringify(path)}`);
  }
  const { platform } = globalThis.process;
  const longest = LONGEST[platform] ?? Infinity;
  const length = new TextEncoder().encode(path).length;
  if (length > longest) {
    throw new RangeError(
      `A socket's path has at most ${longest} bytes on ${platform}, this one has ${length}: ${path}`,
    );
  }
}
