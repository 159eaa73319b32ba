import { readdirSync } from 'node:fs';
import { describeExamples, runExample } from './run-example.js';

describeExamples('npm start', () => {
  it('without a name gives the tour: three chapters of real connections, within ten seconds', async () => {
    const started = performance.now();
    const { lines, errors, code } = await runExample();
    const seconds = (performance.now() - started) / 1000;

    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    expect(seconds).toBeLessThan(10);
    expect(lines.filter((line) => /^\d\. /.test(line)).map((line) => line.slice(0, 2))).toEqual([
      '1.',
      '2.',
      '3.',
    ]);
    expect(lines).toContain('   client  Received: "Hello World!"');
    expect(
      lines.some((line) => /^ {3}server {2}Received "Hello World!" from 127\.0\.0\.1:\d+$/.test(line)),
    ).toBeTrue();
    expect(lines).toContain('   HTTP/1.1 200 OK');
    expect(lines).toContain('   Server: node:http');
    expect(lines.some((line) => /^ +32 MiB +\d+ KiB/.test(line))).toBeTrue();
  });

  it('with an unknown name lists the names, a line for each, and fails', async () => {
    const { lines, errors, code } = await runExample('no-such-example');

    expect({ lines, code }).toEqual({ lines: [''], code: 1 });
    const [first, , , ...list] = errors.trimEnd().split('\n');
    expect(first).toBe('There is no example "no-such-example".');
    expect(list.map((line) => line.trim().split(' ')[0]).sort()).toEqual(names());
  });

  it('with help prints the same list, and succeeds', async () => {
    const { lines, errors, code } = await runExample('help');

    expect({ errors, code }).toEqual({ errors: '', code: 0 });
    expect(
      lines
        .slice(1)
        .map((line) => line.trim().split(' ')[0])
        .sort(),
    ).toEqual(names());
  });

  it('tells how to use an example that lacks an argument', async () => {
    expect(await runExample('http-headers')).toEqual({
      lines: [''],
      errors: 'Usage: npm start -- http-headers URL\n',
      code: 1,
    });
    expect((await runExample('echo-client')).errors).toBe('Usage: npm start -- echo-client PORT [MESSAGE]\n');
  });
});

/** Every file of the folder but the program itself is an example; those of several files have a folder each. */
function names(): string[] {
  const files = readdirSync('examples')
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.replace('.ts', ''))
    .filter((name) => name !== 'start');
  return [...files, 'http-get', 'redis-client', 'redis-server'].sort();
}
