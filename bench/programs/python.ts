import { startWorker } from '../Worker.js';
import { firstLine, PEERS, type Program } from './Program.js';

/** Both loops on the same Python, if there is one with uvloop: Debian's has it, another one in front may not. */
async function pythons(): Promise<{ asyncio: Program; uvloop: Program }> {
  const file = `${PEERS}asyncio_peer.py`;
  let command = 'python3';
  let uvloopVersion: string | undefined;
  for (const candidate of ['python3', '/usr/bin/python3']) {
    uvloopVersion = await firstLine(candidate, [file, 'uvloop', 'version']);
    command = candidate;
    if (uvloopVersion !== undefined) break;
  }
  if (uvloopVersion === undefined) command = 'python3';
  const version = await firstLine(command, [file, 'version']);
  const program = (name: string, found: string | undefined, missing: string, ...args: string[]): Program => ({
    name,
    ...(found === undefined ? { missing } : { version: found }),
    start: () => Promise.resolve(startWorker(command, [file, ...args])),
  });
  return {
    asyncio: program('asyncio', version, 'no python3 on the PATH'),
    uvloop: program(
      'asyncio on uvloop',
      uvloopVersion,
      'no python3 that imports uvloop (Debian: python3-uvloop)',
      'uvloop',
    ),
  };
}

export const { asyncio, uvloop } = await pythons();
