import { randomBytes } from 'node:crypto';
import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { byteLength, longestPath } from '../transports/node/unixPath.js';

/**
 * The file of a Unix socket, from where it is made to where it is removed.
 *
 * Node removes, at the close of a server, whatever has the name that the server was bound to: by then that may be the
 * socket of another server, or somebody's letter. So the socket is bound to a name of its own, and moved to its path when it
 * listens already; at the close the file on the path is removed only if it is still the same one, as CPython 3.13 does.
 *
 * | step      | on the path                        | under the temporary name |
 * | --------- | ---------------------------------- | ------------------------ |
 * | bind      | anything, or nothing               | the socket               |
 * | `publish` | the socket, if there was nothing   | nothing                  |
 * | `remove`  | nothing, if the socket was there   | nothing                  |
 *
 * Between its look at the file and its removal `remove` can be overtaken by another process: no system has a call that does
 * both in one. Likewise `displace`, which notices, and puts back what it should not have moved.
 *
 * @internal
 */
export class SocketFile {
  /** Bind to this. */
  readonly temporary: string;
  // The folder of the process may be another one at the close.
  readonly #path: string;
  #published: FileIdentity | undefined;

  constructor(path: string) {
    this.#path = resolve(path);
    this.temporary = besides(path);
  }

  /** Moves it to its path; false, and nothing has changed, if there is anything already. */
  publish(): boolean {
    const identity = identityOf(this.temporary);
    if (!moveToFree(this.temporary, this.#path)) return false;
    this.#published = identity;
    return true;
  }

  /** Removes it, if it is there. To be called while it listens: until then no other file can have its inode. */
  remove(): void {
    const published = this.#published;
    this.#published = undefined;
    if (published === undefined) return;
    // A file that cannot be removed is stale from now on: the next server is told of it.
    ignoring(() => {
      if (isSame(identityOf(this.#path), published)) unlinkSync(this.#path);
    });
  }
}

/** What tells two files apart that have the same name one after the other. */
export interface FileIdentity {
  readonly isSocket: boolean;
  readonly device: bigint;
  readonly inode: bigint;
  /** Nanoseconds. A renaming leaves it as it is. */
  readonly modified: bigint;
}

/** Of what has that name now; a link is itself. @internal */
export function identityOf(path: string): FileIdentity | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  return { isSocket: stats.isSocket(), device: stats.dev, inode: stats.ino, modified: stats.mtimeNs };
}

/**
 * Removes one file from a path, and no other that has come to be there. Of several processes that try, each takes what is
 * there out of the way of the others before it looks at it, so at most one of them removes it.
 *
 * @internal
 */
export function displace(path: string, file: FileIdentity): void {
  if (!isSameStale(identityOf(path), file)) return;
  const aside = besides(path);
  // Somebody else may have been faster.
  if (!ignoring(() => renameSync(path, aside))) return;
  if (isSameStale(identityOf(aside), file) || !moveToFree(aside, path)) ignoring(() => unlinkSync(aside));
}

function isSame(one: FileIdentity | undefined, other: FileIdentity): boolean {
  return one?.device === other.device && one.inode === other.inode;
}

// Nobody holds its inode: that may belong to the next file within a moment.
function isSameStale(one: FileIdentity | undefined, other: FileIdentity): boolean {
  return isSame(one, other) && one?.modified === other.modified;
}

// A link is refused where there is anything; a renaming would take its place.
function moveToFree(from: string, to: string): boolean {
  try {
    linkSync(from, to);
  } catch (error) {
    if (identityOf(to) !== undefined) return false;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return moveToFree(from, to);
    // A file system without links.
    renameSync(from, to);
    return true;
  }
  ignoring(() => unlinkSync(from));
  return true;
}

function ignoring(call: () => void): boolean {
  try {
    call();
    return true;
  } catch {
    return false;
  }
}

// In the same folder, as what is moved has to stay on its file system. Shorter where the path is nearly too long itself.
function besides(path: string): string {
  const random = randomBytes(5).toString('hex');
  const long = `${path}.${random}`;
  if (byteLength(long) <= longestPath()) return long;
  const folder = dirname(path);
  const room = longestPath() - byteLength(join(folder, random)) + random.length;
  return join(folder, random.slice(0, room));
}
