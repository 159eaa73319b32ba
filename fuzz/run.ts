/**
 * Fuzzes the decoders and the reader, guided by the blocks of code that the inputs run:
 *
 *   npm run fuzz [-- --minutes=60 --target=lines --seed=N --max-length=1000]
 *   npm run fuzz -- --repro=FILE    runs one input, on the code as it is
 *   npm run fuzz -- --keep          puts what was found into fuzz/corpus, as few and as short inputs as show the same
 *
 * It ends with 1 if there were findings: fuzz/findings has the inputs. See fuzz/README.md.
 */
import { readFileSync, rmSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Corpus } from './Corpus.js';
import type { Progress } from './Fuzzer.js';
import { instrument } from './instrument.js';
import { Slice, type Places } from './Slice.js';
import { targets } from './targets.js';

const SLICE_MS = 20_000;
// Another run may be under way.
const CODE = resolve(`build/fuzz/code-${process.pid}`);

interface Total {
  runs: number;
  findings: number;
  progress?: Progress;
}

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    target: { type: 'string', multiple: true, default: targets.map(({ name }) => name) },
    seed: { type: 'string' },
    'max-length': { type: 'string', default: '1000' },
    repro: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
});
for (const name of options.target) targetOf(name);

if (options.repro !== undefined) reproduce(options.repro);
else if (options.keep) await keepAll();
else await fuzzAll();

function targetOf(name: string): (typeof targets)[number] {
  const target = targets.find((one) => one.name === name);
  if (target !== undefined) return target;
  throw new Error(`no target ${name}: there are ${targets.map((one) => one.name).join(', ')}`);
}

function reproduce(file: string): void {
  const target = targetOf(options.target.length === 1 ? options.target[0]! : basename(file).split('-')[0]!);
  target.run(new Uint8Array(readFileSync(file)));
  console.log(`${target.name}: no fault with this input`);
}

function places(): Places {
  process.on('exit', () => rmSync(CODE, { recursive: true, force: true }));
  return {
    code: CODE,
    blocks: instrument('build/spec', CODE),
    corpus: 'fuzz/corpus',
    workCorpus: 'build/fuzz/corpus',
    findings: 'fuzz/findings',
  };
}

async function keepAll(): Promise<void> {
  const all = places();
  let bytes = 0;
  for (const target of options.target) {
    await new Slice(all, { target, seed: 0, maxLength: 0, time: 0, keep: true }).run(() => undefined);
    const kept = new Corpus(join(all.corpus, target)).read();
    const size = kept.reduce((sum, { length }) => sum + length, 0);
    bytes += size;
    console.log(`${target}: ${kept.length} inputs, ${size} bytes`);
  }
  console.log(`${bytes} bytes`);
}

async function fuzzAll(): Promise<void> {
  const all = places();
  const maxLength = Number(options['max-length']);
  let seed = Number(options.seed ?? Date.now() % 1_000_000);
  const minutes = Number(options.minutes);
  console.log(`${options.target.length} targets, ${all.blocks} blocks of code, --seed=${seed}`);
  const start = Date.now();
  const end = start + minutes * 60_000;
  const totals = new Map(options.target.map((name): [string, Total] => [name, { runs: 0, findings: 0 }]));
  process.once('SIGINT', () => {
    summarise(totals);
    process.exit();
  });
  while (Date.now() < end) {
    const time = Math.min(SLICE_MS, (end - Date.now()) / options.target.length);
    for (const [target, total] of totals) {
      const slice = new Slice(all, { target, seed: seed++, maxLength, time, keep: false });
      const began = Date.now();
      const status = ({ progress, findings }: Slice): string => {
        const perSecond = Math.round((1000 * progress.runs) / (Date.now() - began));
        return (
          `${((Date.now() - start) / 60_000).toFixed(1)} of ${minutes} min  ${target}: ${perSecond} runs/s, ` +
          `${progress.blocks} blocks, ${progress.inputs} inputs, ${findings} findings`
        );
      };
      await slice.run(() => {
        if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${status(slice)}`);
      });
      if (!process.stdout.isTTY) console.log(status(slice));
      total.runs += slice.progress.runs;
      total.findings += slice.findings;
      total.progress = slice.progress;
    }
  }
  summarise(totals);
}

function summarise(totals: ReadonlyMap<string, Total>): void {
  console.log('');
  for (const [name, { runs, findings, progress }] of totals) {
    if (progress === undefined) continue;
    console.log(
      `${name.padEnd(15)} ${runs} runs, ${progress.blocks} blocks, ${progress.inputs} inputs, ` +
        `${Math.ceil(progress.stepsPerByte)} steps a byte at most, ${findings} findings`,
    );
    if (findings > 0) process.exitCode = 1;
  }
}
