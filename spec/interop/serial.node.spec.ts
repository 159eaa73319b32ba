import { constants, openSync } from 'node:fs';
import { join } from 'node:path';
import { ReadStream } from 'node:tty';
import {
  concatWith,
  filter,
  ignoreElements,
  merge,
  ReplaySubject,
  retry,
  take,
  throwError,
  type Observable,
  type Subscription,
} from 'rxjs';
import { device, frame, readRegisters, writeRegister } from '../../examples/modbus/rtu.js';
import { converse, useConnection, type Connection, type Conversation } from '../../src/index.js';
import { fromDuplex } from '../../src/node.js';
import { patiently } from './patience.js';
import type { Program } from './Program.js';
import { usePrograms } from './usePrograms.js';

const line = { attempts: 20 };
const ended$ = throwError(() => new Error('The line has ended'));

describe('Modbus RTU on the pseudo-terminals of socat', () => {
  const programs = usePrograms('socat');
  let subscription: Subscription | undefined;

  afterEach(() => subscription?.unsubscribe());

  const path = (end: string): string => join(programs.folder, end);

  async function plugged(): Promise<Program> {
    const ends = ['ours', 'theirs'].map((end) => `PTY,raw,echo=0,link=${path(end)}`);
    const program = programs.start('socat', ['-d', '-d', ...ends]);
    await program.says(/starting data transfer/);
    return program;
  }

  // A terminal that is no controlling one, as a serial port.
  function fromTerminal(end: string): Observable<Connection> {
    return fromDuplex(() => new ReadStream(openSync(path(end), constants.O_RDWR | constants.O_NOCTTY)));
  }

  const registersOf = (registers: Uint16Array): Observable<never> =>
    run(
      'theirs',
      converse((io) => device(io, 1, registers)),
    ).pipe(ignoreElements());

  /** Goes on for ever: also when the line has ended, or is not there. */
  function run<T>(end: string, talk: (connection: Connection) => Observable<T>): Observable<T> {
    return fromTerminal(end).pipe(useConnection(talk), concatWith(ended$), retry({ delay: 50 }));
  }

  it('reads and writes', async () => {
    await plugged();
    const registers = Uint16Array.of(0, 0x1234, 0xc0ff, 0x0a0d);
    const talk = converse(function* (io: Conversation<number[]>) {
      yield* writeRegister(io, 1, 0, 0x1113, line);
      io.emit(yield* readRegisters(io, 1, 0, 4, line));
    });
    const answers = new ReplaySubject<number[]>(1);
    subscription = merge(registersOf(registers), run('ours', talk)).subscribe((value) => answers.next(value));
    expect(await patiently('the registers', answers)).toEqual([0x1113, 0x1234, 0xc0ff, 0x0a0d]);
  });

  it('gets over noise before an answer, a stall in the middle of one, and none at all', async () => {
    await plugged();
    const answer = frame(1, 3, Uint8Array.of(4, 0, 7, 0, 8));
    const done: string[] = [];
    const faulty = converse(function* (io: Conversation) {
      yield* io.untilSilence(20);
      yield* io.send(Uint8Array.of(0xff, 0, 0x7f, ...answer));
      done.push('noise');
      yield* io.untilSilence(20);
      yield* io.send(answer.subarray(0, 4));
      yield* io.delay(100);
      yield* io.send(answer.subarray(4));
      done.push('a stall');
      yield* io.untilSilence(20);
      done.push('no answer');
      yield* device(io, 1, Uint16Array.of(9, 10));
    });
    const answers = new ReplaySubject<number[]>(1);
    subscription = merge(
      run('theirs', faulty).pipe(ignoreElements()),
      run(
        'ours',
        converse((io) => readRegisters(io, 1, 0, 2, line)),
      ),
    ).subscribe((value) => answers.next(value));
    expect(await patiently('the registers', answers)).toEqual([9, 10]);
    expect(done).toEqual(['noise', 'a stall', 'no answer']);
  });

  it('goes on when a device was unplugged and is there again', async () => {
    const first = await plugged();
    let connections = 0;
    const poll = converse(function* (io: Conversation<number>) {
      connections++;
      for (;;) io.emit((yield* readRegisters(io, 1, 0, 1, line))[0]!);
    });
    const answers = new ReplaySubject<number>(1);
    const registers = Uint16Array.of(1);
    subscription = merge(registersOf(registers), run('ours', poll)).subscribe((value) => answers.next(value));
    expect(await patiently('the first answer', answers)).toBe(1);
    await first.stop();
    registers[0] = 2;
    await plugged();
    expect(
      await patiently(
        'the next answer',
        answers.pipe(
          filter((value) => value === 2),
          take(1),
        ),
      ),
    ).toBe(2);
    expect(connections).toBeGreaterThan(1);
  });
});
