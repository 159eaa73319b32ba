import { concatMap, from, type Observable } from 'rxjs';
import { echo } from '../../examples/echo-server.js';
import { relay } from '../../examples/gateway/relay.js';
import { carry } from '../../examples/proxy.js';
import { encodeCommand } from '../../examples/redis/resp.js';
import { redisHandler } from '../../examples/redis/server.js';
import { Store } from '../../examples/redis/Store.js';
import { consume } from '../../examples/slow-consumer.js';
import { fixedLength, type Connection } from '../../src/index.js';
import { expectBounded, UnboundedError } from '../../src/testing.js';

describe('examples, with peers that send without an end and do not read', () => {
  const peername = { address: '192.0.2.1', family: 'IPv4', port: 4711 };

  it('the echo server is bounded', () => {
    expect(() => expectBounded(echo, { extraInfo: { peername } })).not.toThrow();
  });

  it('the proxy is bounded', () => {
    expect(() => expectBounded((client, { connect }) => carry(client, connect()))).not.toThrow();
  });

  it('the gateway is bounded, between bytes and bytes', () => {
    expect(() => expectBounded((client, { connect }) => relay(client, connect()))).not.toThrow();
  });

  it('the Redis server is bounded, however large its answers', () => {
    const command = encodeCommand(['ECHO', 'x'.repeat(1000)]);
    const handler = (connection: Connection): Observable<never> =>
      from(redisHandler(new Store())(connection));
    expect(() => expectBounded(handler, { input: () => command })).not.toThrow();
    const ping = encodeCommand(['PING']);
    expect(() => expectBounded(handler, { input: () => ping })).not.toThrow();
  });

  it('the slow consumer is bounded, and would not be with frames()', () => {
    expect(() => expectBounded(consume, { limit: 65_536 })).not.toThrow();
    const wrong = ({ reader, writer }: Connection): Observable<never> =>
      reader.frames(fixedLength(512)).pipe(concatMap((block) => writer.send(block)));
    expect(() => expectBounded(wrong)).toThrowError(UnboundedError);
  });
});
