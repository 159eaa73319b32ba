import { connect, type Socket } from 'node:net';
import { defer, from, lastValueFrom, mergeMap, NEVER, Subject, takeUntil, toArray } from 'rxjs';
import { serve, type AddressLimitError, type Connection } from '../../src/index.js';
import { serverConnections$, type Server } from '../../src/node.js';
import { eventually } from '../contracts/eventually.js';

const ADDRESSES = 100;
const OF_EACH = 100;
const MOST = 10;
// A second or two; on a machine that is busy it takes its time.
const TIMEOUT_MS = 60_000;

/** Connects from an address of the loopback; true once the server has said a word, false when it has refused. */
function connects(port: number, localAddress: string, sockets: Socket[]): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress });
    sockets.push(socket);
    socket.once('data', () => resolve(true));
    socket.on('error', () => undefined).once('close', () => resolve(false));
  });
}

describe('maxPerAddress on sockets', () => {
  it(
    `serves ${ADDRESSES * MOST} of ${ADDRESSES * OF_EACH} connections from ${ADDRESSES} addresses, ${MOST} of each`,
    async () => {
      // Elsewhere the loopback has one address.
      if (process.platform !== 'linux') pending('needs all of 127.0.0.0/8');
      const finish = new Subject<void>();
      const served: string[] = [];
      const refused: string[] = [];
      const sockets: Socket[] = [];
      const addressOf = ({ writer }: Connection): string => writer.getExtraInfo('peername')!.address;
      const listening = new Promise<Server>((onListening) => {
        serverConnections$({ host: '127.0.0.1', port: 0, backlog: 1000, onListening })
          .pipe(
            serve(
              (connection) => {
                served.push(addressOf(connection));
                connection.writer.write('welcome\n');
                return NEVER;
              },
              {
                maxPerAddress: MOST,
                onError: (error, connection) => {
                  refused.push(`${(error as AddressLimitError).code} ${addressOf(connection)}`);
                },
              },
            ),
            takeUntil(finish),
          )
          .subscribe();
      });
      const server = await eventually('the server', listening);
      const { port } = server.addresses[0]!;
      const addresses = Array.from({ length: ADDRESSES }, (_, i) => `127.0.1.${i + 1}`);
      try {
        // One address comes with all of its own before the others have their first.
        const all = [...Array<string>(OF_EACH - 1).fill(addresses[0]!)];
        for (let i = 0; i < OF_EACH; i++) all.push(...addresses.slice(i < OF_EACH - 1 ? 1 : 0));
        const answers = await lastValueFrom(
          from(all).pipe(
            mergeMap((address) => defer(() => connects(port, address, sockets)), 100),
            toArray(),
          ),
        );
        expect(answers.length).toBe(ADDRESSES * OF_EACH);
        expect(answers.filter(Boolean).length).toBe(ADDRESSES * MOST);
        const counts = addresses.map((address) => served.filter((one) => one === address).length);
        expect(counts).toEqual(Array<number>(ADDRESSES).fill(MOST));
        expect(refused.length).toBe(ADDRESSES * (OF_EACH - MOST));
        expect(refused.every((one) => one.startsWith('ERR_ADDRESS_LIMIT 127.0.1.'))).toBeTrue();
      } finally {
        finish.next();
        for (const socket of sockets) socket.destroy();
        await eventually('the end of the server', server.waitClosed());
      }
    },
    TIMEOUT_MS,
  );
});
