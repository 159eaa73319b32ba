/**
 * Modbus RTU, as it is spoken on a serial line: one asks, one answers, and a frame ends with a pause. Both sides, each as a
 * part of a conversation. https://modbus.org/docs/Modbus_over_serial_line_V1_02.pdf
 */
import { DecodeError, LimitOverrunError, StepTimeoutError, type Conversation } from 'rxjs-net';

/** The most bytes that a frame has. */
const MAX_FRAME = 256;
const READ_HOLDING_REGISTERS = 3;
const WRITE_SINGLE_REGISTER = 6;
const ILLEGAL_FUNCTION = 1;
const ILLEGAL_DATA_ADDRESS = 2;
/** What a device adds to the function when it refuses. */
const REFUSED = 0x80;

/** A device has understood what it was asked, and refuses it. */
export class ModbusRefusal extends Error {
  override readonly name = 'ModbusRefusal';

  constructor(
    readonly unit: number,
    /** 1: no such function, 2: no such address, 3: no such value, … */
    readonly exception: number,
  ) {
    super(`Unit ${unit} refuses: exception ${exception}`);
  }
}

export interface Line {
  /**
   * Milliseconds that end a frame. The standard has 3.5 characters, 4 ms at 9600 baud. A computer hears its line in pieces,
   * an adapter on USB every 16 ms: there it needs more. Default: 20.
   */
  silence?: number;
  /** Milliseconds that a device has for its answer. Default: 500. */
  timeout?: number;
  /** How often it is asked. Default: 3. */
  attempts?: number;
}

/** Reads so many registers of a device, from an address on. */
export function* readRegisters(
  io: Conversation<never>,
  unit: number,
  address: number,
  count: number,
  line?: Line,
): Generator<undefined, number[]> {
  const data = yield* request(io, unit, READ_HOLDING_REGISTERS, words([address, count]), line);
  return numbers(data.subarray(1));
}

/** Writes a register of a device. */
export function* writeRegister(
  io: Conversation<never>,
  unit: number,
  address: number,
  value: number,
  line?: Line,
): Generator<undefined, void> {
  yield* request(io, unit, WRITE_SINGLE_REGISTER, words([address, value]), line);
}

/** Asks a device until it gives an answer that is whole: what it says after the function. */
export function* request(
  io: Conversation<never>,
  unit: number,
  code: number,
  data: Uint8Array,
  { silence = 20, timeout = 500, attempts = 3 }: Line = {},
): Generator<undefined, Uint8Array> {
  for (let attempt = 1; ; attempt++) {
    try {
      // Noise, and an answer that comes too late, are not the answer to this.
      yield* io.within(timeout, io.discardUntilSilence(silence));
      yield* io.send(frame(unit, code, data));
      const answer = open(yield* io.within(timeout, io.untilSilence(silence, MAX_FRAME)));
      if (answer[0] !== unit || (answer[1]! & ~REFUSED) !== code) throw new DecodeError('Not what was asked');
      if (answer[1] !== code) throw new ModbusRefusal(unit, answer[2]!);
      return answer.subarray(2);
    } catch (error) {
      if (attempt === attempts || !isOfTheLine(error)) throw error;
    }
  }
}

/** A device that has registers. It never speaks unless it is asked, and not to what it does not understand. */
export function* device(
  io: Conversation<never>,
  unit: number,
  registers: Uint16Array,
  silence = 20,
): Generator<undefined, void> {
  while (!(yield* io.atEof())) {
    try {
      const [to, code, ...data] = open(yield* io.untilSilence(silence, MAX_FRAME));
      if (to === unit) yield* io.send(answerTo(unit, code!, numbers(Uint8Array.from(data)), registers));
    } catch (error) {
      if (!isOfTheLine(error)) throw error;
      yield* io.discardUntilSilence(silence);
    }
  }
}

function answerTo(unit: number, code: number, [address = 0, value = 0]: number[], registers: Uint16Array) {
  if (code === READ_HOLDING_REGISTERS && value > 0 && address + value <= registers.length) {
    const found = words([...registers.subarray(address, address + value)]);
    return frame(unit, code, Uint8Array.of(found.length, ...found));
  }
  if (code === WRITE_SINGLE_REGISTER && address < registers.length) {
    registers[address] = value;
    return frame(unit, code, words([address, value]));
  }
  const isKnown = code === READ_HOLDING_REGISTERS || code === WRITE_SINGLE_REGISTER;
  return frame(unit, code | REFUSED, Uint8Array.of(isKnown ? ILLEGAL_DATA_ADDRESS : ILLEGAL_FUNCTION));
}

// What another attempt may help against.
function isOfTheLine(error: unknown): boolean {
  return (
    error instanceof StepTimeoutError || error instanceof DecodeError || error instanceof LimitOverrunError
  );
}

/** A frame: the unit, the function, the data, and their checksum. */
export function frame(unit: number, code: number, data: Uint8Array): Uint8Array {
  const body = Uint8Array.of(unit, code, ...data);
  const sum = crc16(body);
  return Uint8Array.of(...body, sum & 0xff, sum >> 8);
}

/** What is in a frame, without its checksum, which is checked. */
function open(bytes: Uint8Array): Uint8Array {
  // With its checksum a frame leaves nothing over.
  if (bytes.length < 4 || crc16(bytes) !== 0) throw new DecodeError(`${bytes.length} bytes are no frame`);
  return bytes.subarray(0, -2);
}

/** The checksum of Modbus, whose lower byte is sent first. */
export function crc16(bytes: Uint8Array): number {
  let sum = 0xffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >> 1) ^ 0xa001 : sum >> 1;
  }
  return sum;
}

function words(values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

function numbers(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length >> 1 }, (_, i) => view.getUint16(2 * i));
}
