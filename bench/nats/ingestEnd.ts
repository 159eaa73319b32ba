/** The process that takes frames from TCP to JetStream: `ingestEnd.js NATS`. Prints its port, and how often it stood still. */
import { jetStreamWriter } from 'rxjs-net/nats';
import { ingest } from '../../examples/nats/ingest.js';
import { openFrames } from '../../examples/nats/frames.js';

const { js } = await openFrames(process.argv[2]);
let full = 0;
let other = 0;
const bus = jetStreamWriter(js, {
  initialDelay: 20,
  maxDelay: 500,
  onRetry: (error) => {
    if ((error as { code?: number }).code === 10077) full++;
    else other++;
    console.log(JSON.stringify({ full, other }));
  },
});
ingest(bus, 0, ({ addresses: [address] }) =>
  console.log(JSON.stringify({ port: address!.port })),
).subscribe();
