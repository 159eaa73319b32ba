import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Corpus } from '../../fuzz/Corpus.js';
import { Fuzzer, type Finding } from '../../fuzz/Fuzzer.js';

describe('Fuzzer', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'fuzz-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  // As instrumented code counts: a block that is reached is a step towards the next one.
  const fuzzing = (run: (input: Uint8Array, count: (block: number) => void) => void): [Fuzzer, Finding[]] => {
    const counters = new Uint32Array(8);
    const findings: Finding[] = [];
    const target = {
      ...{ name: 'planted', dictionary: [], seeds: [], stepsPerByte: 5 },
      run: (input: Uint8Array) => run(input, (block) => counters[block]!++),
    };
    const options = { seed: 1, maxLength: 40 };
    const fuzzer = new Fuzzer(target, counters, new Corpus(folder), options, NOTHING, (one) =>
      findings.push(one),
    );
    fuzzer.load([]);
    return [fuzzer, findings];
  };
  const NOTHING = (): void => undefined;

  it('finds a fault behind four bytes, and cuts the input down to them', () => {
    const [fuzzer, findings] = fuzzing((input, count) => {
      const reached = [0x41, 0x07, 0xfd, 0x3c].findIndex((byte, i) => input[i + 1] !== byte);
      for (let block = 0; block < (reached === -1 ? 4 : reached); block++) count(block);
      if (reached === -1) throw new Error(`planted, behind ${input.length} bytes`);
    });
    for (let i = 0; i < 40_000 && findings.length === 0; i++) fuzzer.step();
    expect(findings.length).toBe(1);
    expect(Array.from(findings[0]!.input.subarray(1))).toEqual([0x41, 0x07, 0xfd, 0x3c]);
    expect(findings[0]!.message).toContain('planted, behind 5 bytes');
    // What led there is kept: an input for each block, and the same is found again from these.
    expect(new Corpus(folder).read().length).toBeGreaterThanOrEqual(3);
  });

  it('finds a cost that grows faster than the bytes', () => {
    const [fuzzer, findings] = fuzzing((input, count) => {
      for (let i = 0; i < input.length * input.length; i++) count(0);
    });
    for (let i = 0; i < 5000 && findings.length === 0; i++) fuzzer.step();
    expect(findings[0]?.message).toMatch(/^Error: cost: \d+ blocks for \d+ bytes/);
  });

  it('keeps the fewest and shortest inputs that show the same', () => {
    const [fuzzer] = fuzzing((input, count) => {
      if (input.includes(1)) count(1);
      if (input.includes(2)) count(2);
      if (input.includes(3)) count(3);
    });
    const inputs = [
      [9, 9, 1, 9],
      [1, 2],
      [2, 1, 2, 1],
      [9, 9, 9, 9, 9, 3, 9, 9],
    ].map((one) => Uint8Array.from(one));
    expect(fuzzer.smallest(inputs).map((input) => Array.from(input))).toEqual([[1, 2], [3]]);
  });
});
