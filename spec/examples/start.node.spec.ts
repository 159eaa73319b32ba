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

  it('--help and -h do the same, and with the name of an example they tell how to use it', async () => {
    const list = await runExample('help');
    for (const help of ['--help', '-h']) expect(await runExample(help)).toEqual(list);

    const ofProxy = {
      lines: [
        'Usage: npm start -- proxy PORT HOST PORT',
        '',
        'passes on what comes, both ways, at the pace of the slower side',
      ],
      errors: '',
      code: 0,
    };
    for (const args of [
      ['proxy', '--help'],
      ['proxy', '-h'],
      ['proxy', 'help'],
      ['help', 'proxy'],
    ])
      expect(await runExample(...args)).toEqual(ofProxy);
  });

  it('every example tells how to use it, and does nothing else', async () => {
    for (const name of names()) {
      const { lines, errors, code } = await runExample(name, '--help');
      expect({ errors, code }).withContext(name).toEqual({ errors: '', code: 0 });
      expect(lines[0]).toMatch(new RegExp(`^Usage: npm start -- ${name}( |$)`));
      expect(lines.length).toBe(3);
    }
  });

  it('refuses an argument that will not do with one line, before it serves or connects', async () => {
    const cases: [args: string[], line: RegExp][] = [
      [['proxy', '8080', 'localhost', '99999'], /^port must be an integer from 1 to 65535, not 99999$/],
      [['proxy', '8080', 'localhost', '0'], /not 0$/],
      [['proxy', 'http', 'localhost', '80'], /^port must be an integer from 0 to 65535, not "http"$/],
      [['proxy', '8080', '', '80'], /^host must be a name or an address, not ""$/],
      [['proxy', '8080', 'http://localhost', '80'], /^host must be a name or an address/],
      [['proxy', '8080', 'localhost'], /^Usage: npm start -- proxy PORT HOST PORT$/],
      [['proxy', '0', 'localhost', '80', '81'], /^Usage: npm start -- proxy PORT HOST PORT$/],
      [['echo-server', '-1'], /not "-1"$/],
      [['echo-server', '80.5'], /not "80.5"$/],
      [['echo-server', ''], /not ""$/],
      [['echo-server', '65536'], /not 65536$/],
      [['echo-server', '1e3'], /not "1e3"$/],
      [['echo-client', '0'], /not 0$/],
      [['redis-server', 'x'], /not "x"$/],
      [['redis-client', 'x', 'PING'], /not "x"$/],
      [['redis-client', '6379'], /^Usage: npm start -- redis-client PORT COMMAND …$/],
      [['nats-ingest', 'x'], /not "x"$/],
      [['http-get'], /^Usage: npm start -- http-get URL$/],
      [['tour', '1'], /^Usage: npm start -- tour$/],
    ];
    for (const [args, line] of cases) {
      const { lines, errors, code } = await runExample(...args);
      expect({ lines, code })
        .withContext(args.join(' '))
        .toEqual({ lines: [''], code: 1 });
      expect(errors).toMatch(/^[^\n]+\n$/);
      expect(errors.trimEnd()).toMatch(line);
    }
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
  return [
    ...files,
    'cluster',
    'gateway',
    'http-get',
    'nats-ingest',
    'nats-worker',
    'redis-client',
    'redis-server',
  ].sort();
}
