import { codec, type Codec } from 'rxjs-net';
import { encodeCommand, Push, RedisError, replies, type Reply } from '../../../../redis/resp';

/** Redis, for people: what is typed are words, what comes is shown as redis-cli shows it. */
export const redis: Codec<string, string> = codec(
  () => {
    const decoder = replies()();
    const optional = (reply: Reply | undefined): string | undefined =>
      reply === undefined ? undefined : shown(reply);
    return {
      decode: (bytes) => optional(decoder.decode(bytes)),
      end: (bytes) => optional(decoder.end?.(bytes)),
    };
  },
  (line) => encodeCommand(words(line)),
);

/** The words of a line; one in quotes may hold spaces. */
export function words(line: string): string[] {
  const found = line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g);
  return Array.from(found, ([, double, single, plain]) => double ?? single ?? plain ?? '');
}

function shown(reply: Reply, indent = ''): string {
  if (reply === null) return '(nil)';
  if (reply instanceof RedisError) return `(error) ${reply.message}`;
  if (typeof reply === 'string') return reply.trimEnd();
  if (typeof reply === 'boolean') return `(${reply})`;
  if (typeof reply === 'number' || typeof reply === 'bigint') return `(integer) ${reply}`;
  if (reply instanceof Uint8Array) return `(${reply.length} bytes)`;
  const values = valuesOf(reply);
  if (values.length === 0) return '(empty)';
  return values.map((value, i) => `${i + 1}) ${shown(value, `${indent}   `)}`).join(`\n${indent}`);
}

function valuesOf(reply: Push | Reply[] | Map<Reply, Reply> | Set<Reply>): Reply[] {
  if (reply instanceof Push) return [reply.kind, ...reply.data];
  return reply instanceof Map ? [...reply].flat() : [...reply];
}
