import { checkDecoder, showBytes } from 'rxjs-net/testing';
import { redis, words } from './redis';

describe('redis', () => {
  it('shows replies as redis-cli does, however they are cut', () => {
    checkDecoder(redis, '+OK\r\n:7\r\n$-1\r\n$5\r\nhello\r\n-ERR no\r\n*0\r\n', {
      frames: ['OK', '(integer) 7', '(nil)', 'hello', '(error) ERR no', '(empty)'],
    });
  });

  it('numbers the values of an array, and those of an array inside it', () => {
    checkDecoder(redis, '*2\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n', {
      frames: ['1) a\n2) 1) (integer) 1\n   2) (integer) 2'],
    });
  });

  it('sends the words of a line as a command', () => {
    const bytes = redis.encode('SET greeting "hello, you"') as Uint8Array;

    expect(showBytes(bytes)).toBe('*3\r\n$3\r\nSET\r\n$8\r\ngreeting\r\n$10\r\nhello, you\r\n');
  });

  it('takes what is in quotes for one word, and a quote in a word for itself', () => {
    expect(words(`a "b c" '' d"e`)).toEqual(['a', 'b c', '', 'd"e']);
  });
});
