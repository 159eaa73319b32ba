import { concatMap, takeUntil, type Observable } from 'rxjs';
import {
  codec,
  framed,
  sendAll,
  writeTo,
  type Framed,
  type RequestOptions,
  type WriteToOptions,
} from '../../src/index.js';
import { marbleConnection } from '../../src/testing.js';
import type { Helpers, MarbleCase, MarbleLine } from './MarbleCase.js';
import { shouts } from './shouts.js';

/** Messages that end with `!` in both directions. */
export const shoutCodec = codec(shouts, (text: string) => `${text}!`);

const letters = Object.fromEntries(Array.from('abcde', (letter) => [letter, letter]));
const written = (marbles: string): MarbleLine => ({ title: 'written', marbles, values: letters });
const drained = (marbles: string): MarbleLine => ({ title: 'writer drained', marbles, values: { d: '' } });

interface WriteToRow {
  name: string;
  diagram?: string;
  options?: WriteToOptions;
  /** Each letter is a byte, and pauses the writer. */
  source: string;
  drained: string;
  written: string;
  result: string;
  error?: string;
}

const writeToRows: WriteToRow[] = [
  {
    name: 'what comes while the writer is paused waits, in order',
    diagram: 'writeTo',
    source: '  --a-b-c------|',
    drained: ' -------d--d----d-',
    written: ' --a----b--c------',
    result: '  ---------------|',
  },
  {
    name: 'completes in the same frame as the source when nothing waits',
    source: '  --a------|',
    drained: ' ----d-----',
    written: ' --a-------',
    result: '  ---------|',
  },
  {
    name: 'buffer: errors with the first byte beyond the limit, and drops what waits',
    diagram: 'writeTo-buffer',
    options: { limit: 2 },
    source: '  --a-b-c-d-e--',
    drained: ' -----------d-',
    written: ' --a----------',
    result: '  --------#    ',
    error: 'ERR_WRITE_OVERFLOW',
  },
  {
    name: 'buffer: a drained writer makes room',
    options: { limit: 1 },
    source: '  --a-b---c---d|',
    drained: ' ------d---d-----d-d',
    written: ' --a---b---c-----d--',
    result: '  ------------------|',
  },
  {
    name: 'dropNewest: drops what does not fit',
    diagram: 'writeTo-dropNewest',
    options: { overflow: 'dropNewest', limit: 2 },
    source: '  --a-b-c-d-e|',
    drained: ' ------------d-d-d-',
    written: ' --a---------b-c---',
    result: '  ----------------|',
  },
  {
    name: 'dropOldest: drops what has waited longest',
    diagram: 'writeTo-dropOldest',
    options: { overflow: 'dropOldest', limit: 2 },
    source: '  --a-b-c-d-e|',
    drained: ' ------------d-d-d-',
    written: ' --a---------d-e---',
    result: '  ----------------|',
  },
  {
    name: 'error: errors as soon as something comes while the writer is paused',
    diagram: 'writeTo-error',
    options: { overflow: 'error' },
    source: '  --a---b-c-d--',
    drained: ' ----d-------',
    written: ' --a---b-----',
    result: '  --------#   ',
    error: 'ERR_WRITE_OVERFLOW',
  },
  {
    name: 'an error of the source passes when all before it is written, paused or not',
    source: '  --a-b-c-#',
    drained: ' -----------d',
    written: ' --a-----(bc)',
    result: '  --------#',
    error: 'of the source',
  },
  {
    name: 'a loss errors at once, also while the source is silent',
    diagram: 'writeTo-loss',
    source: '  --a-b---------',
    drained: ' --------#     ',
    written: ' --a-----------',
    result: '  --------#     ',
    error: 'ERR_CONNECTION_LOST',
  },
];

const callOf = (name: string, options: WriteToOptions | undefined): string =>
  options === undefined
    ? name
    : `${name.slice(0, -1)}, { ${Object.entries(options)
        .map(([key, value]) => `${key}: ${typeof value === 'string' ? `'${value}'` : value}`)
        .join(', ')} })`;

export const writeToCases = writeToRows.map((row): MarbleCase => ({
  name: row.name,
  diagram: row.diagram,
  inputs: [{ title: 'source', marbles: row.source, values: letters }, drained(row.drained)],
  call: callOf('writeTo(writer)', row.options),
  outputs: [written(row.written), { title: 'result', marbles: row.result, values: {}, error: row.error }],
  run(m) {
    const { writer, outgoing$ } = marbleConnection(m, { drain: row.drained, highWaterMark: 0 });
    const source$ = m.cold(row.source, letters, new Error('of the source'));
    return [outgoing$, source$.pipe(writeTo(writer, row.options))];
  },
}));

const oneByOne = { drained: '--d--d----d-', written: 'a-b--c------', result: '----------|' };

export const sendAllCases: readonly MarbleCase[] = [
  {
    name: 'takes the next item when the writer has room',
    diagram: 'sendAll',
    inputs: [drained(oneByOne.drained)],
    call: "sendAll(writer, ['a', 'b', 'c'])",
    outputs: [written(oneByOne.written), { title: 'result', marbles: oneByOne.result, values: {} }],
    run(m) {
      const { writer, outgoing$ } = marbleConnection(m, { drain: oneByOne.drained, highWaterMark: 0 });
      // Subscribed in this order, as what is written is shown from the beginning.
      return [outgoing$, sendAll(writer, ['a', 'b', 'c'])];
    },
  },
];

interface FramedRow {
  name: string;
  diagram?: string;
  call: string;
  received: string;
  outputs: readonly (MarbleLine & {
    run: (client: Framed<string>, m: Helpers) => Observable<unknown>;
  })[];
  written: string;
  events?: string;
}

const chunks = { a: 'A!', b: 'B!', c: 'C!', p: '>p!', h: 'A!B', t: '!C!' };
const messages = { a: 'A!', b: 'B!', c: 'C!', p: '>p!' };
const requests = { a: 'a!', b: 'b!', c: 'c!' };
const isReply = (message: string): boolean => !message.startsWith('>');
const messagesLine = (marbles: string, error?: string): FramedRow['outputs'][number] => ({
  title: 'messages',
  marbles,
  values: messages,
  error,
  run: (client) => client,
});

const isFor =
  (id: string) =>
  (message: string): boolean =>
    message.startsWith(id);

/** A request that is made at the first letter of `at`. */
const requestLine = (
  text: string,
  at: string,
  marbles: string,
  more: { error?: string; until?: string; options?: RequestOptions<string> } = {},
): FramedRow['outputs'][number] => ({
  title: `request('${text}')`,
  marbles,
  values: messages,
  error: more.error,
  run: (client, m) =>
    m.cold(`${at}|`).pipe(
      concatMap(() => client.request(text, { isReply, ...more.options })),
      takeUntil(m.cold(more.until ?? '-')),
    ),
});

const framedRows: FramedRow[] = [
  {
    name: 'messages are the frames, as they come',
    call: 'framed(connection, codec)',
    received: '--h---t-----|',
    outputs: [messagesLine('--a---(bc)--|')],
    written: '-',
  },
  {
    name: 'requests under way together get their replies in order; what is pushed between is for the subscribers',
    diagram: 'framed-request',
    call: 'framed(connection, codec).request(message, isReply)',
    received: '------a-p-b--',
    outputs: [
      requestLine('a', '-x', '------(a|)'),
      requestLine('b', '---x', '----------(b|)'),
      messagesLine('------a-p-b--'),
    ],
    written: '-a-b---------',
  },
  {
    name: 'replies with an id come in any order: the first request that accepts one has it',
    diagram: 'framed-isReply',
    call: 'framed(connection, codec).request(message, isReply)',
    received: '------b-p-a--',
    outputs: [
      requestLine('a', '-x', '----------(a|)', { options: { isReply: isFor('A') } }),
      requestLine('b', '---x', '------(b|)', { options: { isReply: isFor('B') } }),
      messagesLine('------b-p-a--'),
    ],
    written: '-a-b---------',
  },
  {
    name: 'a request that has no reply in time errors alone: its late reply is dropped',
    diagram: 'framed-timeout',
    call: 'framed(connection, codec).request(message, { timeout: 5 })',
    received: '--------a-b--',
    outputs: [
      requestLine('a', '-x', '------#', { error: 'ERR_REQUEST_TIMEOUT', options: { timeout: 5 } }),
      requestLine('b', '---x', '----------(b|)'),
    ],
    written: '-a-b---------',
  },
  {
    name: 'with maxInFlight the next request is written when a reply has come',
    diagram: 'framed-maxInFlight',
    call: 'framed(connection, codec, { maxInFlight: 1 }).request(message)',
    received: '------a---b--',
    outputs: [
      requestLine('a', '-x', '------(a|)', { options: { maxInFlight: 1 } }),
      requestLine('b', '---x', '----------(b|)', { options: { maxInFlight: 1 } }),
    ],
    written: '-a----b------',
  },
  {
    name: 'consume decodes the next message when the work on the last one is done',
    diagram: 'framed-consume',
    call: 'framed(connection, codec).consume(work)',
    received: '-(abc)-------',
    outputs: [
      {
        title: 'consume(work)',
        marbles: '----a--b--c--',
        values: messages,
        run: (client, m) => client.consume((message) => m.cold('---(x|)', { x: message })),
      },
      messagesLine('-a--b--c-----'),
    ],
    written: '-',
  },
  {
    name: 'the reply to a request that was unsubscribed is dropped, the next one gets its own',
    diagram: 'framed-unsubscribed',
    call: 'framed(connection, codec).request(message)',
    received: '--------a-b--',
    outputs: [
      requestLine('a', '-x', '-----|', { until: '-----x' }),
      requestLine('b', '---x', '----------(b|)'),
    ],
    written: '-a-b---------',
  },
  {
    name: 'the reply that was dropped may come when nobody reads',
    call: 'framed(connection, codec).request(message)',
    received: '----a---b-----',
    outputs: [requestLine('a', '-x', '---|', { until: '---x' }), requestLine('b', '------x', '--------(b|)')],
    written: '-a----b-----',
  },
  {
    name: 'a clean end completes the messages and errors the requests that wait',
    call: 'framed(connection, codec)',
    received: '----a--|',
    outputs: [
      requestLine('a', '-x', '----(a|)'),
      requestLine('b', '---x', '-------#', { error: 'ERR_CONNECTION_LOST' }),
      messagesLine('----a--|'),
    ],
    written: '-a-b---------',
  },
  {
    name: 'a loss errors the messages and the requests',
    diagram: 'framed-loss',
    call: 'framed(connection, codec)',
    received: '----a--#',
    outputs: [
      requestLine('a', '-x', '----(a|)'),
      requestLine('b', '---x', '-------#', { error: 'ERR_CONNECTION_LOST' }),
      messagesLine('----a--#', 'ERR_CONNECTION_LOST'),
    ],
    written: '-a-b---------',
  },
  {
    name: 'an observer that sends: complete() ends its direction only',
    diagram: 'framed',
    call: 'source.subscribe(framed(connection, codec))',
    received: '----a----b-|',
    outputs: [
      messagesLine('----a----b-|'),
      {
        title: 'source',
        marbles: '--a-b-|',
        values: { a: 'a', b: 'b' },
        run(client, m) {
          const source$ = m.hot('--a-b-|', { a: 'a', b: 'b' });
          source$.subscribe(client);
          return source$;
        },
      },
    ],
    written: '--a-b-|',
  },
];

export const framedCases = framedRows.map((row): MarbleCase => ({
  name: row.name,
  diagram: row.diagram,
  inputs: [{ title: 'received', marbles: row.received, values: chunks }],
  call: row.call,
  outputs: [{ title: 'written', marbles: row.written, values: requests }, ...row.outputs],
  run(m) {
    const connection = marbleConnection(m, { incoming: row.received, values: chunks });
    const client = framed(connection, shoutCodec);
    return [connection.outgoing$, ...row.outputs.map(({ run }) => run(client, m))];
  },
}));
