import { map, timer, type Observable } from 'rxjs';
import type { StreamReader } from '../../src/index.js';
import { marbleConnection } from '../../src/testing.js';
import { text } from '../streams/record.js';
import type { MarbleCase } from './MarbleCase.js';
import { shouts } from './shouts.js';

const asText = map(text);

interface Row {
  name: string;
  diagram?: string;
  incoming: string;
  call: string;
  read: (reader: StreamReader) => Observable<unknown>;
  expected: string;
  error?: string;
}

const values = { a: 'abc', b: 'd\ne', s: 'ab!', t: 'c!d!' };
const results = {
  A: 'ab',
  E: 'abcd\ne',
  X: 'abcd\n',
  R: 'abc',
  B: 'd\ne',
  l: 'abcd',
  M: 'e',
  s: 'ab!',
  c: 'c!',
  d: 'd!',
};

const rows: Row[] = [
  {
    name: 'read(n) takes what there is',
    diagram: 'reader-read-n',
    incoming: '--a--b--|',
    call: 'reader.read(2)',
    read: (reader) => reader.read(2).pipe(asText),
    expected: '--(A|)',
  },
  {
    name: 'read() waits for the end',
    diagram: 'reader-read',
    incoming: '--a--b--|',
    call: 'reader.read()',
    read: (reader) => reader.read().pipe(asText),
    expected: '--------(E|)',
  },
  {
    name: 'readExactly waits for its last byte',
    diagram: 'reader-readExactly',
    incoming: '--a--b--|',
    call: 'reader.readExactly(5)',
    read: (reader) => reader.readExactly(5).pipe(asText),
    expected: '-----(X|)',
  },
  {
    name: 'readUntil waits for its separator',
    diagram: 'reader-readUntil',
    incoming: '--a--b--|',
    call: "reader.readUntil('\\n')",
    read: (reader) => reader.readUntil('\n').pipe(asText),
    expected: '-----(X|)',
  },
  {
    name: 'readLine gives the rest at the end',
    diagram: 'reader-readLine',
    incoming: '--a--|',
    call: 'reader.readLine()',
    read: (reader) => reader.readLine().pipe(asText),
    expected: '-----(R|)',
  },
  {
    name: 'readFrame takes one frame',
    diagram: 'reader-readFrame',
    incoming: '--s--t--|',
    call: "reader.readFrame(until '!')",
    read: (reader) => reader.readFrame(shouts),
    expected: '--(s|)',
  },
  {
    name: 'chunks() is what arrives',
    diagram: 'reader-chunks',
    incoming: '--a--b--|',
    call: 'reader.chunks()',
    read: (reader) => reader.chunks().pipe(asText),
    expected: '--R--B--|',
  },
  {
    name: 'frames() are all frames',
    diagram: 'reader-frames',
    incoming: '--s--t-----|',
    call: "reader.frames(until '!')",
    read: (reader) => reader.frames(shouts),
    expected: '--s--(cd)--|',
  },
  {
    name: 'consume() takes the next frame when the work on the last one is done',
    diagram: 'reader-consume',
    incoming: '--s--t-----|',
    call: "reader.consume(until '!', work of 3 frames)",
    read: (reader) => reader.consume(shouts, (frame) => timer(3).pipe(map(() => frame))),
    expected: '-----s--c--(d|)',
  },
  {
    name: 'lines() are complete lines, then the rest',
    diagram: 'reader-lines',
    incoming: '--a--b--|',
    call: 'reader.lines()',
    read: (reader) => reader.lines(),
    expected: '-----l--(M|)',
  },
  {
    name: 'a loss reaches a waiting read',
    diagram: 'reader-loss',
    incoming: '--a--#',
    call: 'reader.readExactly(9)',
    read: (reader) => reader.readExactly(9).pipe(asText),
    expected: '-----#',
    error: 'ERR_CONNECTION_LOST',
  },
];

export const readerCases = rows.map(
  ({ name, diagram, incoming, call, read, expected, error }): MarbleCase => ({
    name,
    diagram,
    inputs: [{ title: 'received', marbles: incoming, values }],
    call,
    outputs: [{ title: 'result', marbles: expected, values: results, error }],
    run: (m) => [read(marbleConnection(m, { incoming, values }).reader)],
  }),
);
