import { DecodeError, IncompleteReadError, LimitOverrunError, StreamError } from '../../src/bytes/errors.js';

describe('the errors of bytes', () => {
  it('have a name, a code and the numbers in the message', () => {
    const cause = new Error('why');
    const errors: [error: StreamError, name: string, code: string, message: string][] = [
      [
        new IncompleteReadError(new Uint8Array(2), 5),
        'IncompleteReadError',
        'ERR_INCOMPLETE_READ',
        'The stream ended after 2 bytes, expected 5',
      ],
      [
        new IncompleteReadError(new Uint8Array(2), null),
        'IncompleteReadError',
        'ERR_INCOMPLETE_READ',
        'The stream ended after 2 bytes, expected more, up to a separator or frame end',
      ],
      [new LimitOverrunError('too long', 7), 'LimitOverrunError', 'ERR_LIMIT_OVERRUN', 'too long'],
      [new DecodeError('bad\n', { cause }), 'DecodeError', 'ERR_DECODE', String.raw`bad\n`],
      [new DecodeError(), 'DecodeError', 'ERR_DECODE', ''],
    ];
    for (const [error, name, code, message] of errors) {
      expect(error).toBeInstanceOf(StreamError);
      expect([error.name, error.code, error.message]).toEqual([name, code, message]);
    }
    expect(errors[3]![0].cause).toBe(cause);
    expect(new IncompleteReadError(Uint8Array.of(1), 5)).toEqual(
      jasmine.objectContaining({ partial: Uint8Array.of(1), expected: 5 }),
    );
    expect(new LimitOverrunError('too long', 7).consumed).toBe(7);
  });
});
