/** The primary process of a cluster, which tells its parent all that happens. SIGHUP replaces the workers, SIGTERM stops. */
import { fromEvent } from 'rxjs';
import type { WorkerSettings } from '../../examples/cluster/messages.js';
import { supervise } from '../../examples/cluster/supervise.js';

const settings = JSON.parse(process.argv[2]!) as WorkerSettings & { workers: number };

supervise({
  ...settings,
  roll$: fromEvent(process, 'SIGHUP'),
  stop$: fromEvent(process, 'SIGTERM'),
}).subscribe({
  next: (event) => process.send!(event),
  complete: () => process.disconnect(),
});
