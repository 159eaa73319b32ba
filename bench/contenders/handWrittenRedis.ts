import { createServer } from 'node:net';
import { listen } from './listen.js';
import { smallTalk } from './RedisStore.js';

const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const CARRIAGE_RETURN = 0x0d;
const ZERO = 0x30;

/**
 * The yardstick: a server for `redis-benchmark` written for speed and nothing else. A chunk becomes text in one go
 * (latin1: a character for each byte, so any bytes survive), is parsed where it lies, and all its replies leave in one
 * write. Only keys and values are cut out.
 */
export function handWrittenRedis(): Promise<{ port: number }> {
  const store = new Map<string, string>();
  const server = createServer({ noDelay: true }, (socket) => {
    let rest = '';
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => {
      const text = rest === '' ? chunk.toString('latin1') : rest + chunk.toString('latin1');
      let replies = '';
      let at = 0;
      // A number behind its mark, up to and with \r\n; -1: it is not all there.
      const integer = (mark: number): number => {
        if (at >= text.length) return -1;
        if (text.charCodeAt(at) !== mark) throw new Error('Protocol error');
        let value = 0;
        for (let i = at + 1; i < text.length - 1; i++) {
          const code = text.charCodeAt(i);
          if (code === CARRIAGE_RETURN) {
            at = i + 2;
            return value;
          }
          value = value * 10 + code - ZERO;
        }
        return -1;
      };
      // Where the next argument begins; its end is `at - 2`.
      const argument = (): number => {
        const length = integer(DOLLAR);
        const start = at;
        if (length === -1 || start + length + 2 > text.length) return -1;
        at = start + length + 2;
        return start;
      };
      let from: number;
      parsing: for (;;) {
        from = at;
        const count = integer(ASTERISK);
        if (count === -1) break;
        const verb = argument();
        if (verb === -1) break;
        const verbLength = at - 2 - verb;
        const letter = text.charCodeAt(verb) & ~0x20;
        if (count === 2 && verbLength === 3 && letter === 0x47) {
          const key = argument();
          if (key === -1) break;
          const value = store.get(text.slice(key, at - 2));
          replies += value === undefined ? '$-1\r\n' : `$${value.length}\r\n${value}\r\n`;
        } else if (count === 3 && verbLength === 3 && letter === 0x53) {
          const key = argument();
          if (key === -1) break;
          const keyEnd = at - 2;
          const value = argument();
          if (value === -1) break;
          store.set(text.slice(key, keyEnd), text.slice(value, at - 2));
          replies += '+OK\r\n';
        } else {
          const verbEnd = at - 2;
          const args = [text.slice(verb, verbEnd)];
          for (let i = 1; i < count; i++) {
            const start = argument();
            if (start === -1) break parsing;
            args.push(text.slice(start, at - 2));
          }
          replies += smallTalk(args[0]!.toUpperCase(), args);
        }
      }
      rest = from === text.length ? '' : text.slice(from);
      if (replies !== '' && !socket.write(replies, 'latin1')) {
        socket.pause();
        socket.once('drain', () => socket.resume());
      }
    });
  });
  return listen(server);
}
