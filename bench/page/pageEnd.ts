/** The end of a transfer that is in a page: bundled for the browser, and told what to do from outside. */
import { sendAll, useConnection, type Connection } from 'rxjs-net';
import { fromWebSocket } from 'rxjs-net/web';
import { concat, defer, firstValueFrom, ignoreElements, tap, type Observable } from 'rxjs';
import { Receiving, type EndState, type TransferSize } from './Receiving.js';
import { Sending } from './Sending.js';

/** What carries the bytes from the gateway to the page, and who slows whom down. */
export type Kind = 'WebSocketStream' | 'credits' | 'WebSocket';

export interface PageJob extends TransferSize {
  readonly kind: Kind;
  readonly direction: 'down' | 'up';
  readonly url: string;
}

/** What the page has for those outside. */
export interface PageEnd {
  start(job: PageJob): void;
  state(): EndState & { readonly flowControl: string };
  goOn(): void;
}

/** Bytes of a read at most. */
const READ = 262_144;

let end: Receiving | Sending;
let connection: Connection | undefined;

const pageEnd: PageEnd = {
  start(job) {
    end = job.direction === 'down' ? new Receiving(job) : new Sending(job.bytes, () => 0);
    connect(job)
      .pipe(
        useConnection((opened) => {
          connection = opened;
          return end instanceof Sending ? send(opened, end) : defer(() => receive(opened, end as Receiving));
        }),
      )
      .subscribe({ error: (error: unknown) => end.fail(error) });
  },
  state: () => ({ ...end.state, flowControl: String(connection?.writer.getExtraInfo('flowControl')) }),
  goOn() {
    if (end instanceof Receiving) end.goOn();
  },
};
Object.assign(globalThis, { pageEnd });

function connect({ kind, url }: PageJob): Observable<Connection> {
  switch (kind) {
    case 'WebSocketStream':
      return fromWebSocket(url);
    case 'credits':
      return fromWebSocket(url, { credits: true });
    case 'WebSocket':
      return fromWebSocket((protocols) => new WebSocket(url, protocols));
  }
}

async function receive({ reader }: Connection, receiving: Receiving): Promise<void> {
  for (;;) {
    const chunk = await firstValueFrom(reader.read(READ));
    if (chunk.length === 0) break;
    await receiving.take(chunk);
  }
  receiving.end();
}

/** The server answers, and ends, when it has got all of it. */
function send({ reader, writer }: Connection, sending: Sending): Observable<never> {
  const answer$ = reader.read('utf-8').pipe(
    tap((answer) => {
      if (answer === 'all of it') sending.complete();
      else throw new Error(`The server says ${JSON.stringify(answer)}`);
    }),
    ignoreElements(),
  );
  return concat(sendAll(writer, sending.pieces()), answer$);
}
