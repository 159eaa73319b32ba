import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { handOver } from './nobody.js';
import type { Program } from './Program.js';
import type { usePrograms } from './usePrograms.js';

/** What HAProxy says when it listens. */
export const HAPROXY_LISTENS = /Loading success/;

/** Starts HAProxy in the folder of the programs, with so many `frontend`, `backend` and `listen` sections. */
export function startHaproxy(
  programs: Pick<ReturnType<typeof usePrograms>, 'folder' | 'start'>,
  sections: string,
): Program {
  const { folder } = programs;
  const path = join(folder, 'haproxy.cfg');
  writeFileSync(
    path,
    `
      global
        log stderr format raw local0
        stats socket ${folder}/haproxy.sock
      defaults
        mode tcp
        timeout connect 5s
        timeout client 30s
        timeout server 30s
      ${sections}
`,
  );
  handOver(path);
  // As a master with a worker: then it says when it listens.
  return programs.start('haproxy', ['-W', '-db', '-f', path]);
}
