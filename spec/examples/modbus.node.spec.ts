import { catchError, map, of } from 'rxjs';
import { marbles } from 'rxjs-marbles/jasmine/index.js';
import { connectionPair, converse } from '../../src/index.js';
import { marbleConnection } from '../../src/testing.js';
import { crc16, device, frame, readRegisters } from '../../examples/modbus/rtu.js';
import { bytes } from '../streams/record.js';

const line = { silence: 3, timeout: 10, attempts: 2 };
const answer = frame(1, 3, Uint8Array.of(4, 0, 7, 1, 0));
const values = {
  a: answer,
  f: answer.subarray(0, 4),
  r: answer.subarray(4),
  g: Uint8Array.of(0xff, 0x00),
  o: frame(2, 3, Uint8Array.of(4, 0, 7, 1, 0)),
  n: frame(1, 0x83, Uint8Array.of(2)),
  w: new Uint8Array(300),
};

describe('examples: Modbus RTU', () => {
  const rows: [name: string, received: string, asked: string, said: string][] = [
    ['asks after a pause, and takes what comes up to a pause', '-----a----', '---q------', '--------(v|)'],
    ['takes an answer that comes in pieces', '-----f-r----', '---q--------', '----------(v|)'],
    [
      'asks again after a stall in the middle',
      '-----f----------a---',
      '---q-------q----',
      '-------------------(v|)',
    ],
    [
      'asks again after noise before the answer',
      '-----ga------a---',
      '---q--------q----',
      '----------------(v|)',
    ],
    [
      'asks again when no answer comes',
      '------------------a---',
      '---q------------q-',
      '---------------------(v|)',
    ],
    [
      'does not take an answer that is too late for the next one',
      '--------------a---a---',
      '---q-------------q-',
      '---------------------(v|)',
    ],
    ['waits until the line is quiet', '-g-g--------a---', '------q----', '---------------(v|)'],
    [
      'asks again after the answer of somebody else',
      '----o------a---',
      '---q------q----',
      '--------------(v|)',
    ],
    ['asks again after too much', '----w-----a---', '---q---q--', '-------------(v|)'],
    ['tells of a refusal, which another attempt would not help', '----n---', '---q----', '-------(n|)'],
    [
      'gives up',
      '-----------------------------',
      '---q------------q------------',
      '--------------------------(t|)',
    ],
    ['tells of the end', '-----|', '---q-', '-----(i|)'],
  ];
  for (const [name, incoming, asked, said] of rows) {
    it(
      name,
      marbles((m) => {
        const connection = marbleConnection(m, { incoming, values });
        const read = converse((io) => readRegisters(io, 1, 0, 2, line));
        const said$ = read(connection).pipe(
          map((registers) => registers.join(' ')),
          catchError((error: Error) => of(error.name)),
        );
        m.expect(said$).toBeObservable(said, {
          v: '7 256',
          n: 'ModbusRefusal',
          t: 'StepTimeoutError',
          i: 'IncompleteReadError',
        });
        m.expect(connection.outgoing$.pipe(map(() => 'q'))).toBeObservable(asked);
      }),
    );
  }

  it('has the checksum of the standard', () => {
    expect(crc16(bytes('123456789'))).toBe(0x4b37);
    expect(Array.from(frame(1, 3, Uint8Array.of(0, 0, 0, 10)))).toEqual([1, 3, 0, 0, 0, 10, 0xc5, 0xcd]);
  });

  it('a device does what it is asked, and is silent about anything else', () => {
    const registers = Uint16Array.of(1, 2, 3);
    const asked = (request: Uint8Array): Uint8Array => {
      const [client, server] = connectionPair();
      let answer = new Uint8Array();
      converse((io) => device(io, 17, registers))(server).subscribe({
        complete: () => server.writer.close(),
      });
      client.reader.read().subscribe((bytes) => (answer = new Uint8Array(bytes)));
      client.writer.write(request);
      client.writer.writeEof();
      return answer;
    };
    const write = frame(17, 6, Uint8Array.of(0, 1, 1, 2));
    expect(asked(write)).toEqual(write);
    expect(registers[1]).toBe(0x102);
    expect(asked(frame(17, 3, Uint8Array.of(0, 1, 0, 2)))).toEqual(
      frame(17, 3, Uint8Array.of(4, 1, 2, 0, 3)),
    );
    expect(asked(frame(17, 3, Uint8Array.of(0, 2, 0, 2)))).toEqual(frame(17, 0x83, Uint8Array.of(2)));
    expect(asked(frame(17, 9, Uint8Array.of(0, 2, 0, 2)))).toEqual(frame(17, 0x89, Uint8Array.of(1)));
    expect(asked(frame(18, 3, Uint8Array.of(0, 1, 0, 2)))).toEqual(new Uint8Array());
    expect(asked(bytes('noise'))).toEqual(new Uint8Array());
  });
});
