import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './Program.js';
import type { usePrograms } from './usePrograms.js';

/** Starts nginx in the folder of the programs, with so many `server { … }` blocks, and what stands outside of `http`. */
export function startNginx(programs: ReturnType<typeof usePrograms>, servers: string, outside = ''): Program {
  const { folder } = programs;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  const path = join(folder, 'nginx.conf');
  writeFileSync(
    path,
    `
      daemon off;
      worker_processes 1;
      pid ${folder}/nginx.pid;
      error_log stderr notice;
      ${outside}
      events {}
      http {
        access_log off;
        ${temporary.map((name) => `${name}_temp_path ${folder}/temporary;`).join('\n')}
        ${servers}
      }`,
  );
  return programs.start('nginx', ['-p', folder, '-e', 'stderr', '-c', path]);
}
