import { shown } from '../../streams/check.js';

/** What fits into the operating system's address structure, with a zero byte after it. */
const LONGEST: Partial<Record<string, number>> = { linux: 107, darwin: 103, freebsd: 103, openbsd: 103 };

/** Throws for a path that the system would cut off, or refuse with a message about something else. @internal */
export function checkUnixPath(path: string): void {
  if (typeof path !== 'string' || path === '') {
    throw new TypeError(`path must be the path of a Unix socket, not ${shown(path)}`);
  }
  if (path.includes('\0') && !isAbstract(path)) {
    throw new TypeError(`A path has a zero byte at most at its start, which names no file: ${shown(path)}`);
  }
  const { platform } = globalThis.process;
  const room = longestPath();
  const length = byteLength(path);
  if (length > room) {
    throw new RangeError(
      `A socket's path has at most ${room} bytes on ${platform}, this one has ${length}: ${path}`,
    );
  }
}

/** Bytes. @internal */
export function longestPath(): number {
  return LONGEST[globalThis.process.platform] ?? Infinity;
}

/** @internal */
export function byteLength(path: string): number {
  return new TextEncoder().encode(path).length;
}

/** Linux: a name that the kernel keeps, and no file has. @internal */
export function isAbstract(path: string): boolean {
  return path.startsWith('\0');
}

/** Whether a socket on this path has a file. @internal */
export function hasFile(path: string): boolean {
  return !isAbstract(path) && globalThis.process.platform !== 'win32';
}
