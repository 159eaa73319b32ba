import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(new URL('./leakedConnections.js', import.meta.url));
const CODE = 'RXJS_NET_LOST_CONNECTION';

interface Outcome {
  warnings: string[];
  /** The peers that have seen the end of their connection. */
  ended: string[];
  result?: unknown;
}

// In a process of its own, as the warning comes once in each, and the collector has to be called.
async function play(scenario: string): Promise<Outcome> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, scenario], {
    timeout: 20_000,
  });
  return JSON.parse(stdout) as Outcome;
}

describe('A connection that is leaked to the garbage collector', () => {
  it('is closed, and the first of them warned of', async () => {
    expect(await play('two that nobody has')).toEqual({
      warnings: [CODE],
      ended: jasmine.arrayWithExactContents(['peer 1', 'peer 2']) as unknown as string[],
    });
  });

  it('may be one that was accepted', async () => {
    expect(await play('one that was accepted')).toEqual({ warnings: [CODE], ended: ['client'] });
  });

  it('may be one on a WebSocket', async () => {
    expect(await play('one on a WebSocket')).toEqual({ warnings: [CODE], ended: ['client 1000'] });
  });

  it('may have been read from and written to', async () => {
    const outcome = await play('one that was read from and written to');
    expect(outcome).toEqual({ warnings: [CODE], ended: ['peer 1'] });
  });

  it('may have told the channels of diagnostics, and somebody keeps the messages', async () => {
    const outcome = await play('one whose messages are kept');
    expect(outcome).toEqual({ warnings: [CODE], ended: ['peer 1'], result: 2 });
  });

  it('may have a signal that others still have', async () => {
    const outcome = await play('one with a signal that is kept');
    expect(outcome).toEqual({ warnings: [CODE], ended: ['peer 1'], result: false });
  });

  it('is aborted after closeTimeout where the peer does not take what was written', async () => {
    const outcome = await play('one whose peer does not take what was written');
    expect(outcome).toEqual({ warnings: [CODE], ended: [], result: false });
  });

  it('is not one whose reader is reading, or about to', async () => {
    const reading = await play('one whose reader is reading');
    expect(reading).toEqual({ warnings: [], ended: [], result: ['still there'] });
    expect(await play('one whose read waits')).toEqual({ warnings: [], ended: [], result: ['12'] });
  });

  it('is not one that somebody waits for', async () => {
    for (const what of ['end', 'drain$', 'paused$']) {
      const { warnings, result } = await play(`one whose ${what} is waited for`);
      expect({ warnings, result })
        .withContext(what)
        .toEqual({ warnings: [], result: ['told'] });
    }
  });

  it('is not one whose reader or writer is still there', async () => {
    for (const half of ['writer', 'reader']) {
      expect(await play(`one whose ${half} is kept`)).toEqual({ warnings: [], ended: [], result: false });
    }
  });

  it('is not one that is closed, aborted or lost', async () => {
    const { warnings } = await play('some that are closed, aborted or lost');
    expect(warnings).toEqual([]);
  });

  it('is not one that a subscription owns', async () => {
    expect(await play('one that a subscription owns')).toEqual({ warnings: [], ended: [] });
  });
});
