import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { displace, identityOf, SocketFile } from '../../src/server/SocketFile.js';
import { temporaryPaths } from '../observables/temporaryPaths.js';

// Any file does: what it is matters to nobody here.
describe('SocketFile', () => {
  const temporaryPath = temporaryPaths();
  let path: string;

  beforeEach(() => (path = temporaryPath()));

  function bound(letter: string): SocketFile {
    const file = new SocketFile(path);
    writeFileSync(file.temporary, letter);
    return file;
  }

  function names(): string[] {
    return readdirSync(dirname(path));
  }

  it('is bound to a name beside its path, another one each time', () => {
    const files = [1, 2, 3].map(() => new SocketFile(path).temporary);
    expect(new Set(files).size).toBe(3);
    for (const name of files) expect(name).toMatch(/\/socket\.[0-9a-f]{10}$/);
  });

  it('is bound to a shorter one where the path is nearly too long', () => {
    const longest = process.platform === 'linux' ? 107 : 103;
    const folder = `/${'x'.repeat(longest - 7)}`;
    for (let length = 1; length <= 6; length++) {
      const { temporary } = new SocketFile(`${folder}/${'s'.repeat(length)}`);
      expect(temporary).toMatch(/^\/x+\/[0-9a-f]{5}$/);
      expect(temporary.length).toBeLessThanOrEqual(longest);
    }
    expect(new SocketFile(`/${'é'.repeat((longest - 5) / 2)}/s`).temporary).toMatch(/^\/é+\/[0-9a-f]{1,3}$/);
  });

  it('is moved to its path, and removed from there', () => {
    const file = bound('mine');
    expect(file.publish()).toBeTrue();
    expect(names()).toEqual(['socket']);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    file.remove();
    expect(names()).toEqual([]);
  });

  it('is not moved where there is anything', () => {
    const there: Record<string, () => void> = {
      'a file': () => writeFileSync(path, 'Dear Sir'),
      'a folder': () => mkdirSync(path),
      'a link to nothing': () => symlinkSync('nothing', path),
    };
    for (const [what, put] of Object.entries(there)) {
      path = temporaryPath(what);
      put();
      const before = lstatSync(path);
      const file = bound('mine');
      expect(file.publish()).withContext(what).toBeFalse();
      file.remove();
      expect(lstatSync(path).ino).withContext(what).toBe(before.ino);
      expect(readFileSync(file.temporary, 'utf8')).withContext('still there').toBe('mine');
    }
  });

  it('is left alone at the end where it is another one by now', () => {
    const file = bound('mine');
    file.publish();
    const another = bound('yours');
    displace(path, identityOf(path)!);
    expect(another.publish()).toBeTrue();
    file.remove();
    expect(readFileSync(path, 'utf8')).toBe('yours');
    another.remove();
    expect(names()).toEqual([]);
  });

  it('bears being removed when it is gone already, twice, or was never there', () => {
    const file = bound('mine');
    file.remove();
    expect(file.publish()).toBeTrue();
    displace(path, identityOf(path)!);
    expect(() => file.remove()).not.toThrow();
    writeFileSync(path, 'yours');
    expect(() => file.remove()).not.toThrow();
    expect(existsSync(path)).toBeTrue();
  });

  it('is removed also when somebody has touched it, as against those who clean up', () => {
    const file = bound('mine');
    file.publish();
    utimesSync(path, 1, 1);
    file.remove();
    expect(names()).toEqual([]);
  });

  it('is removed where it was made, wherever the process is by then', () => {
    const cwd = process.cwd();
    const folder = dirname(path);
    try {
      process.chdir(folder);
      path = 'relative';
      const file = bound('mine');
      expect(file.publish()).toBeTrue();
      expect(readdirSync(folder)).toEqual(['relative']);
      process.chdir(cwd);
      file.remove();
      expect(readdirSync(folder)).toEqual([]);
    } finally {
      process.chdir(cwd);
    }
  });

  describe('displace', () => {
    it('removes the file that it was shown', () => {
      writeFileSync(path, 'stale');
      displace(path, identityOf(path)!);
      expect(names()).toEqual([]);
    });

    it('removes no other one that has got the same inode', () => {
      writeFileSync(path, 'stale');
      utimesSync(path, 1, 1);
      const stale = identityOf(path)!;
      utimesSync(path, 2, 2);
      displace(path, stale);
      expect(names()).toEqual(['socket']);
      displace(path, identityOf(path)!);
      expect(names()).toEqual([]);
    });

    it('removes no other one that is there by now, nor anything where nothing is', () => {
      writeFileSync(path, 'stale');
      const stale = identityOf(path)!;
      // Both at once, so that the second has an inode of its own.
      const file = bound('live');
      displace(path, stale);
      file.publish();
      displace(path, stale);
      expect(names()).toEqual(['socket']);
      expect(readFileSync(path, 'utf8')).toBe('live');
      file.remove();
      expect(() => displace(path, stale)).not.toThrow();
    });
  });
});
