/** The process that has the frames: `peerEnd.js PORT COUNT`. Prints how many are sent, and how many were answered. */
import { merge } from 'rxjs';
import { lines, sendAll, useConnection } from 'rxjs-net';
import { fromConnection } from 'rxjs-net/node';

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const PAYLOAD = 'x'.repeat(200);
let sent = 0;
const answered = new Uint8Array(count);
let answers = 0;

function* frames(): Generator<string> {
  for (; sent < count; sent++) yield `${sent} ${PAYLOAD}\n`;
}

function report(): void {
  console.log(JSON.stringify({ sent, answers }));
}

const timer = setInterval(report, 100);
fromConnection({ port, host: '127.0.0.1' })
  .pipe(
    useConnection(({ reader, writer }) => {
      const replies$ = reader.consume(lines(), (id) => {
        if (answered[Number(id)] === 0) answers++;
        answered[Number(id)] = 1;
        if (answers === count) writer.close();
      });
      return merge(sendAll(writer, frames()), replies$);
    }),
  )
  .subscribe({
    complete: () => {
      clearInterval(timer);
      report();
    },
  });
