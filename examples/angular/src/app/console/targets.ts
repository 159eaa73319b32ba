import { lines, type Codec } from 'rxjs-net';
import { redis } from './redis';

/** A server behind the gateway, by the name under which the gateway lists it. */
export interface Target {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly codec: Codec<string, string>;
  /** What is worth typing. */
  readonly commands: readonly string[];
}

const text = lines({ overlong: 'discard' });

export const TARGETS: readonly Target[] = [
  {
    name: 'redis',
    title: 'Redis',
    about: 'The real redis-server',
    codec: redis,
    commands: ['PING', 'SET greeting "hello from a browser"', 'GET greeting', 'INCR visits', 'INFO server'],
  },
  {
    name: 'redis-example',
    title: 'Redis, in RxJS',
    about: 'The example server, written with converse',
    codec: redis,
    commands: ['PING', 'SET colour green', 'GET colour', 'INCR visits', 'SUBSCRIBE news'],
  },
  {
    name: 'echo',
    title: 'Echo',
    about: 'Answers once, then hangs up: watch it reconnect',
    codec: text,
    commands: ['Hello World!', 'Are you still there?'],
  },
  {
    name: 'flood',
    title: 'Flood',
    about: 'Sends as fast as it is let: stall the page',
    codec: text,
    commands: ['flood', 'stop'],
  },
  {
    name: 'slow-reader',
    title: 'Slow reader',
    about: 'Reads 1 MiB a second: send it 16 MiB',
    codec: text,
    commands: ['hello'],
  },
];
