import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A folder of inputs, a file for each, named by what is in it. */
export class Corpus {
  constructor(readonly folder: string) {}

  /** The shortest first. */
  read(): Uint8Array[] {
    if (!existsSync(this.folder)) return [];
    const names = readdirSync(this.folder).filter((name) => !name.startsWith('.'));
    const inputs = names.sort().map((name) => new Uint8Array(readFileSync(join(this.folder, name))));
    return inputs.sort((one, other) => one.length - other.length);
  }

  add(input: Uint8Array, prefix = ''): string {
    mkdirSync(this.folder, { recursive: true });
    const name = prefix + createHash('sha256').update(input).digest('hex').slice(0, 16);
    const path = join(this.folder, name);
    writeFileSync(path, input);
    return path;
  }

  replace(inputs: readonly Uint8Array[]): void {
    rmSync(this.folder, { recursive: true, force: true });
    for (const input of inputs) this.add(input);
  }
}
