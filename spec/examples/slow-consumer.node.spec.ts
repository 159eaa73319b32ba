import { describeExamples, ExampleProcess, runExample, type Run } from './run-example.js';

describeExamples('slow-consumer', () => {
  it('receives everything while a bounded number of bytes is buffered and the server is made to pause', async () => {
    const run = await runExample('slow-consumer');

    const rows = tableOf(run);
    expect(rows.map(({ received }) => received)).toEqual([4, 8, 12, 16, 20, 24, 28, 32]);
    for (const { buffered, most } of rows) {
      expect(buffered).toBeLessThanOrEqual(most);
      // 2 × limit, and what one read of the socket may bring on top of it.
      expect(most).toBeLessThanOrEqual(128 + 64);
    }
    expect(rows.some(({ state }) => state === 'paused')).toBeTrue();
    expect(rows.at(-1)!.pauses).toBeGreaterThan(10);
    expect({ errors: run.errors, code: run.code }).toEqual({ errors: '', code: 0 });
  });

  it('closes both ends when it is interrupted, and ends without a complaint', async () => {
    const example = new ExampleProcess('slow-consumer');
    await example.printed(/ 4 MiB/);
    example.interrupt();

    const { errors, code } = await example.end;
    expect({ errors, code }).toEqual({ errors: '', code: 0 });
  });
});

function tableOf({
  lines,
}: Run): { received: number; buffered: number; most: number; state: string; pauses: number }[] {
  return lines.slice(1, -1).map((line) => {
    const match = /^ *(\d+) MiB +(\d+) KiB +(\d+) KiB +(\w+) +(\d+)$/.exec(line);
    if (!match) throw new Error(`not a row: ${line}`);
    const [received, buffered, most, pauses] = [match[1], match[2], match[3], match[5]].map(Number) as [
      number,
      number,
      number,
      number,
    ];
    return { received, buffered, most, state: match[4]!, pauses };
  });
}
