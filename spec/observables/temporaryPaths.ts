import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Paths for Unix sockets in a folder of their own. Call it in a `describe`: the folder goes after each spec. */
export function temporaryPaths(): (name?: string) => string {
  let folder: string | undefined;
  afterEach(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
    folder = undefined;
  });
  return (name = 'socket') => {
    folder ??= mkdtempSync(join(tmpdir(), 'rxjs-net-'));
    return join(folder, name);
  };
}
