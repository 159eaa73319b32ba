import { catchError, map, throwError, type Observable, type OperatorFunction } from 'rxjs';
import {
  decode,
  readExactly,
  readLine,
  readUntil,
  serve,
  useConnection,
  type Connection,
  type IncompleteReadError,
  type StreamError,
} from '../../src/index.js';
import { marbleConnection } from '../../src/testing.js';
import { bytes, text } from '../streams/record.js';
import type { MarbleCase } from './MarbleCase.js';
import { shouts } from './shouts.js';

const asText = map(text);

interface Operator {
  call: string;
  chunks: Record<string, string>;
  results: Record<string, string>;
  operator: () => OperatorFunction<Uint8Array, unknown>;
}

type Row = [name: string, source: string, expected: string, more?: { error?: string; diagram?: string }];

function operatorCase(
  { call, chunks, results, operator }: Operator,
  [name, source, expected, { error, diagram } = {}]: Row,
): MarbleCase {
  return {
    name,
    diagram,
    inputs: [{ title: 'source', marbles: source, values: chunks }],
    call,
    outputs: [{ title: 'result', marbles: expected, values: results, error }],
    run: (m) => [m.cold(source, chunks, new Error('of the source')).pipe(map(bytes), operator())],
  };
}

const decodeShouts: Operator = {
  call: "decode(until '!')",
  chunks: { a: 'a', b: 'b!', c: 'c!d!' },
  results: { x: 'ab!', b: 'b!', c: 'c!', d: 'd!' },
  operator: () => decode(shouts),
};
const decodeRows: Row[] = [
  ['emits each frame when its last byte comes', '--a-b-c-----|', '----x-(cd)--|', { diagram: 'decode' }],
  ['completes with the source at a clean end', '--b--|', '--b--|'],
  [
    'errors when the source completes inside a frame',
    '--b-a--|',
    '--b----#',
    { error: 'ERR_INCOMPLETE_READ' },
  ],
  ['passes an error of the source on, behind the frames', '--b-a--#', '--b----#', { error: 'of the source' }],
  ['stays silent with a silent source', '------', '------'],
];

export const decodeCases = decodeRows.map((row) => operatorCase(decodeShouts, row));

const readUntilNewline: Operator = {
  call: "readUntil('\\n', { limit: 4 })",
  chunks: { a: 'a', b: 'b\n', c: 'c\nd\n', e: '12345' },
  results: { x: 'ab\n', b: 'b\n', c: 'c\n', d: 'd\n' },
  operator: () => (source$) => source$.pipe(readUntil('\n', { limit: 4 }), asText),
};
const readUntilRows: Row[] = [
  ['cuts behind each separator', '--a-b-c-----|', '----x-(cd)--|', { diagram: 'readUntil' }],
  ['errors when the source completes elsewhere', '--b-a--|', '--b----#', { error: 'ERR_INCOMPLETE_READ' }],
  ['errors as soon as the limit is overrun', '--b-e-b-|', '--b-#', { error: 'ERR_LIMIT_OVERRUN' }],
];

export const readUntilCases = readUntilRows.map((row) => operatorCase(readUntilNewline, row));

const readBlocks: Operator = {
  call: 'readExactly(2)',
  chunks: { a: 'ab', c: 'cde', f: 'f' },
  results: { x: 'ab', y: 'cd', z: 'ef' },
  operator: () => (source$) =>
    source$.pipe(
      readExactly(2),
      asText,
      catchError((e: StreamError & IncompleteReadError) =>
        throwError(() => `${e.code} ${e.partial.length} of ${String(e.expected)}`),
      ),
    ),
};
const readExactlyRows: Row[] = [
  ['cuts blocks', '--a--c---f--|', '--x--y---z--|', { diagram: 'readExactly' }],
  [
    'errors when the source completes inside a block',
    '--a--c---|',
    '--x--y---#',
    { error: 'ERR_INCOMPLETE_READ 1 of 2' },
  ],
];

export const readExactlyCases = readExactlyRows.map((row) => operatorCase(readBlocks, row));

const readLines: Operator = {
  call: 'readLine({ limit: 4 })',
  chunks: { a: 'ab', c: 'c\nd\n', e: 'e', l: '12345' },
  results: { x: 'abc\n', y: 'd\n', z: 'c\n', e: 'e' },
  operator: () => (source$) => source$.pipe(readLine({ limit: 4 }), asText),
};
const readLineRows: Row[] = [
  ['cuts lines, at the end the rest', '--a--c-----e--|', '-----(xy)-----(e|)', { diagram: 'readLine' }],
  ['completes behind the last newline', '--a--c-----|', '-----(xy)--|'],
  ['errors at a line beyond the limit', '--c------l--|', '--(zy)---#', { error: 'ERR_LIMIT_OVERRUN' }],
];

export const readLineCases = readLineRows.map((row) => operatorCase(readLines, row));

const client = {
  source: '--C----------|',
  incoming: '------a---',
  values: { a: 'hi\n' },
};

export const useConnectionCases: readonly MarbleCase[] = [
  {
    name: 'runs the handler, and closes the connection when it ends',
    diagram: 'useConnection',
    inputs: [
      { title: 'connections', marbles: client.source, values: { C: 'C' } },
      { title: 'C receives', marbles: client.incoming, values: client.values },
    ],
    call: 'useConnection(({ reader }) => reader.readLine())',
    outputs: [
      { title: 'result', marbles: '------a------|', values: client.values },
      { title: 'asked of C', marbles: '------c---', values: { c: 'close' } },
    ],
    run(m) {
      const { incoming, values } = client;
      const connection = marbleConnection(m, { incoming, values });
      return [
        m.hot<Connection>(client.source, { C: connection }).pipe(
          useConnection(({ reader }) => reader.readLine()),
          asText,
        ),
        connection.events$,
      ];
    },
  },
];

const sideBySide = {
  source: '--A--B-------|',
  A: { incoming: '   ----a----#', values: { a: 'a\n' } },
  B: { incoming: '   -------b------b--|', values: { b: 'b\n' } },
};
const oneAtATime = {
  source: '-A-B----|',
  A: { incoming: '--a---|', values: { a: 'a\n' } },
  B: { incoming: '----b-----|', values: { b: 'b\n' } },
};

interface Served {
  connections$: Observable<Connection>;
  clients: Record<'A' | 'B', ReturnType<typeof marbleConnection>>;
}

function play(
  m: Parameters<MarbleCase['run']>[0],
  { source, A, B }: typeof sideBySide | typeof oneAtATime,
): Served {
  const clients = { A: marbleConnection(m, A), B: marbleConnection(m, B) };
  return { connections$: m.hot<Connection>(source, clients), clients };
}

export const serveCases: readonly MarbleCase[] = [
  {
    name: 'serves connections side by side; an error of one ends that connection and nothing else',
    diagram: 'serve',
    inputs: [
      { title: 'connections', marbles: sideBySide.source, values: { A: 'A', B: 'B' } },
      { title: 'A receives', marbles: sideBySide.A.incoming, values: sideBySide.A.values },
      { title: 'B receives', marbles: sideBySide.B.incoming, values: sideBySide.B.values },
    ],
    call: 'serve(({ reader }) => reader.lines(), { onError })',
    outputs: [
      { title: 'result', marbles: '----a--b------b--|', values: { a: 'a', b: 'b' } },
      { title: 'asked of B', marbles: '-----------------c', values: { c: 'close' } },
    ],
    run(m) {
      const { connections$, clients } = play(m, sideBySide);
      const onError = (error: unknown): void => {
        if ((error as StreamError).code !== 'ERR_CONNECTION_LOST') throw error;
      };
      return [connections$.pipe(serve(({ reader }) => reader.lines(), { onError })), clients.B.events$];
    },
  },
  {
    name: 'beyond the concurrency connections wait, unread',
    inputs: [
      { title: 'connections', marbles: oneAtATime.source, values: { A: 'A', B: 'B' } },
      { title: 'A receives', marbles: oneAtATime.A.incoming, values: oneAtATime.A.values },
      { title: 'B receives', marbles: oneAtATime.B.incoming, values: oneAtATime.B.values },
    ],
    call: 'serve(({ reader }) => reader.lines(), { concurrency: 1 })',
    outputs: [
      { title: 'result', marbles: '    --a---b---|', values: { a: 'a', b: 'b' } },
      { title: 'asked of A', marbles: '------c', values: { c: 'close' } },
      { title: 'asked of B', marbles: '----------c', values: { c: 'close' } },
    ],
    run(m) {
      const { connections$, clients } = play(m, oneAtATime);
      const served$ = connections$.pipe(serve(({ reader }) => reader.lines(), { concurrency: 1 }));
      return [served$, clients.A.events$, clients.B.events$];
    },
  },
];
