/**
 * A server whose connections are served by worker threads: each accepted socket is moved to the next one. The program is both
 * sides: the main thread, and the threads. Needs a Node that can move sockets: 24.21, 26.6.
 */
import { serve } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, type Transferable } from 'node:worker_threads';
import { mergeMap, Subject } from 'rxjs';
import { answerOnce } from '../../examples/cluster/protocols.js';

if (isMainThread) {
  const threads = Array.from(
    { length: Number(process.argv[2]) },
    () => new Worker(fileURLToPath(import.meta.url)),
  );
  let next = 0;
  const server = createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (socket) => {
    threads[next++ % threads.length]!.postMessage(socket, [socket as unknown as Transferable]);
  });
  server.listen(0, '127.0.0.1', () => process.send!({ port: (server.address() as AddressInfo).port }));
} else {
  const sockets$ = new Subject<Socket>();
  parentPort!.on('message', (socket: Socket) => sockets$.next(socket));
  sockets$
    .pipe(
      mergeMap((socket) => fromConnection({ socket })),
      serve(
        answerOnce(() => undefined),
        { onError: () => undefined },
      ),
    )
    .subscribe();
}
