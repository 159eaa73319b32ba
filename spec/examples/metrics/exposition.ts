/** A reader of Prometheus' text format 0.0.4 that bears no fault, for what an exporter has to be careful with. */

export interface Family {
  readonly type: string;
  readonly help: string;
  /** By the labels as text, such as `side="read"`; `''` for none. */
  readonly samples: ReadonlyMap<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`;
const HELP = new RegExp(String.raw`^# HELP (${NAME}) ((?:[^\\]|\\[\\n])*)$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary|untyped)$`);
const SAMPLE = new RegExp(String.raw`^(${NAME})(?:\{(${LABEL}(?:,${LABEL})*)\})? (\S+)$`);
const NUMBER = /^(?:[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|NaN|[+-]?Inf)$/i;

/** Throws for whatever is against the format, or against the names of its conventions. */
export function readExposition(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line has no end');
  const families = new Map<string, { type: string; help: string; samples: Map<string, number> }>();
  let current = '';
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    const [, helpName, help] = HELP.exec(line) ?? [];
    const [, typeName, type] = TYPE.exec(line) ?? [];
    const [, name, labels = '', number] = SAMPLE.exec(line) ?? [];
    if (helpName !== undefined) {
      if (families.has(helpName)) fail('A family comes twice');
      families.set((current = helpName), { type: '', help: help!, samples: new Map() });
    } else if (typeName !== undefined) {
      const family = families.get(typeName);
      if (typeName !== current || family === undefined) fail('A type without its help');
      else if (family.type !== '' || family.samples.size > 0) fail('A type too late');
      else family.type = type!;
      if ((type === 'counter') !== typeName.endsWith('_total'))
        fail('A counter ends with _total, nothing else does');
      if (/milli|micro|kilo|mega|_ms\b/.test(typeName)) fail('Not a base unit');
    } else if (name !== undefined) {
      const family = families.get(name);
      if (name !== current || family === undefined || family.type === '') fail('A sample out of its family');
      else if (family.samples.has(labels)) fail('A sample comes twice');
      else if (!NUMBER.test(number!)) fail('Not a number');
      else if (family.type === 'counter' && !(Number(number) >= 0)) fail('A counter below zero');
      else family.samples.set(labels, Number(number));
    } else fail('Not a line of the format');
  }
  return families;
}
