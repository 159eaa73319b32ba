import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Corpus } from '../../fuzz/Corpus.js';
import { targets } from '../../fuzz/targets.js';
import * as library from '../../src/index.js';

const FOLDER = 'fuzz/corpus';

// Each rule that fuzzing looks at, on the inputs that it has found so far: `npm run fuzz -- --repro=FILE` runs one alone.
describe('the corpus of fuzzing', () => {
  for (const target of targets) {
    it(`keeps the rules: ${target.name}`, () => {
      const inputs = [...target.seeds, ...new Corpus(join(FOLDER, target.name)).read()];
      expect(inputs.length).withContext('inputs').toBeGreaterThan(3);
      for (const input of inputs) expect(() => target.run(input)).not.toThrow();
    });
  }

  it('belongs to targets that exist, and stays small', () => {
    const folders = readdirSync(FOLDER).filter((name) => !name.startsWith('.'));
    expect(targets.map(({ name }) => name)).toEqual(jasmine.arrayContaining(folders));
    const sizes = folders.flatMap((name) =>
      new Corpus(join(FOLDER, name)).read().map(({ length }) => length),
    );
    expect(sizes.reduce((sum, length) => sum + length, 0)).toBeLessThan(300_000);
  });
});

describe('the targets of fuzzing', () => {
  it('are there for each decoder that the package exports', () => {
    expect(existsSync('src/index.ts')).toBeTrue();
    const exported = readFileSync('src/index.ts', 'utf8').matchAll(
      /^export \{([^}]*)\} from '.\/decoders\//gm,
    );
    const names = [...exported].flatMap(([, list]) => list!.split(',').map((name) => name.trim()));
    const decoders = names.filter((name) => !name.startsWith('type ') && makesADecoder(name));
    expect(decoders).toEqual(
      jasmine.arrayContaining(['lines', 'decoder', 'proxyHeader', 'delimited', 'fixedLength']),
    );
    expect(targets.map(({ name }) => name)).toEqual(jasmine.arrayContaining(decoders));
  });
});

/** Whether it gives something that makes decoders, once it is given what one of them needs. */
function makesADecoder(name: string): boolean {
  const make = (library as unknown as Record<string, (argument?: unknown) => unknown>)[name]!;
  return [undefined, '\n', 1, function* () {}].some((argument) => {
    try {
      const factory = make(argument) as (() => { decode?: unknown }) | undefined;
      return typeof factory?.().decode === 'function';
    } catch {
      return false;
    }
  });
}
