/**
 * Draws docs/diagrams/*.svg from the cases of spec/diagrams, which the specs check too:
 *
 *   npm run diagrams [-- --check]     with --check it draws nothing, and fails where a file is not what it would draw
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { parseMarbleDiagramSpecification } from '@swirly/parser';
import { renderMarbleDiagram } from '@swirly/renderer-node';

/** @typedef {import('../spec/diagrams/MarbleCase.js').MarbleLine} MarbleLine */
/** @typedef {import('../spec/diagrams/MarbleCase.js').MarbleCase} MarbleCase */

const OUT = 'docs/diagrams';
// Compiled just before, without declarations: the compiler is not to look there.
const COMPILED = new URL('../build/spec/spec/diagrams/index.js', import.meta.url).href;
const STYLES = {
  // Higher than a circle, which may stand in front of it.
  completion_height: 66,
  event_radius: 24,
  event_value_font_family: 'Menlo, Consolas, monospace',
  event_value_font_size: 11,
  operator_height: 40,
  operator_title_font_family: 'Menlo, Consolas, monospace',
  operator_title_font_size: 15,
  stream_title_font_size: 16,
  stream_title_width: 130,
  // For a narrow diagram with a long call.
  minimum_width: 480,
};
const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

/** Bytes as a label of one line: `abc\n`. @param {string} text */
function label(text) {
  return JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');
}

/** @param {MarbleLine} line */
function stream({ title, marbles, values }) {
  const used = Object.entries(values).filter(([letter]) => marbles.includes(letter));
  return [marbles.trim(), `title = ${title}`, ...used.map(([letter, text]) => `${letter} := ${label(text)}`)];
}

/** @param {MarbleCase} marbleCase */
function draw({ inputs, call, outputs }) {
  const blocks = [...inputs.map(stream), [`> ${call}`], ...outputs.map(stream)];
  const specification = parseMarbleDiagramSpecification(blocks.map((lines) => lines.join('\n')).join('\n\n'));
  const { xml } = renderMarbleDiagram(specification, { styles: STYLES });
  // The last digits of a sine are the engine's business.
  return `${xml.replace(/-?\d+\.\d{3,}/g, (/** @type {string} */ number) => String(Number(Number(number).toFixed(2))))}\n`;
}

/** @type {{ diagrams: readonly MarbleCase[] }} */
const { diagrams } = await import(COMPILED);
const drawn = new Map(diagrams.map((marbleCase) => [`${marbleCase.diagram}.svg`, draw(marbleCase)]));
const present = existsSync(OUT) ? readdirSync(OUT).filter((file) => file.endsWith('.svg')) : [];
const different = [...drawn].filter(
  ([file, svg]) => !present.includes(file) || readFileSync(`${OUT}/${file}`, 'utf8') !== svg,
);
const left = present.filter((file) => !drawn.has(file));

if (options.check) {
  for (const [file] of different) console.log(`${OUT}/${file} is not what the specs say`);
  for (const file of left) console.log(`${OUT}/${file} belongs to no spec`);
  if (different.length + left.length > 0) {
    console.log('Run: npm run diagrams');
    process.exitCode = 1;
  }
} else {
  mkdirSync(OUT, { recursive: true });
  for (const [file, svg] of different) writeFileSync(`${OUT}/${file}`, svg);
  for (const file of left) rmSync(`${OUT}/${file}`);
}
console.log(`${drawn.size} diagrams, ${options.check ? 'different' : 'drawn anew'}: ${different.length}`);
