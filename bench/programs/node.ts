import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { startWorker } from '../Worker.js';
import type { Program } from './Program.js';

const COMPILED = fileURLToPath(new URL('../contenders/', import.meta.url));

function node(name: string, file: string): Program {
  return { name, start: () => Promise.resolve(startWorker(process.execPath, [`${COMPILED}${file}`])) };
}

const rxjs = createRequire(import.meta.url)('rxjs/package.json') as { version: string };

export const rxjsNet: Program = { ...node('rxjs-net', 'rxjsNet.js'), version: `RxJS ${rxjs.version}` };
export const handWritten = node('hand-written node:net', 'handWritten.js');
export const nodeTools = node('Node.js', 'nodeTools.js');
export const webStreams = node('Web Streams', 'webStreams.js');
export const otherEnd = node('the other end', 'otherEnd.js');
