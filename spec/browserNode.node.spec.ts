import { readFileSync } from 'node:fs';
import * as node from '../src/node.js';

describe('what a browser gets in place of rxjs-net/node', () => {
  it('has every name of it', () => {
    const source = readFileSync('src/browserNode.ts', 'utf8');
    const names = [...source.matchAll(/export const (\S+) =/g)].map(([, name]) => name!);
    expect(names.sort()).toEqual(Object.keys(node).sort());
  });

  it('says at once what to do', async () => {
    const error: unknown = await import('../src/browserNode.js').catch((e: unknown) => e);
    expect((error as Error).message).toContain('rxjs-net/web');
  });
});
