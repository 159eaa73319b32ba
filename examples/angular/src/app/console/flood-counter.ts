import { ChangeDetectionStrategy, Component, computed } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { json } from 'rxjs-net';
import { map, scan, timestamp } from 'rxjs';
import { messagesFrom } from '../connection/messages-from';
import { BytesPipe } from './byte-text';
import { seconds } from './status-text';

/** What the server of the flood tells of itself, on a connection of its own. */
interface FloodCounts {
  handedOver: number;
  waiting: number;
  paused: boolean;
}

/** How far the server has come: it tells so on another connection, which a stalled page still reads. */
@Component({
  selector: 'app-flood-counter',
  imports: [BytesPipe],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p class="label" id="handed-over">The server has got rid of</p>
    <p class="count" aria-labelledby="handed-over">{{ progress().handedOver | bytes }}</p>
    <p class="state" role="status" [class.still]="isStill()">{{ state() }}</p>
  `,
  styles: `
    :host {
      display: grid;
      grid-template-columns: auto 1fr;
      column-gap: 1rem;
      align-items: baseline;
    }
    p {
      margin: 0;
    }
    .label {
      grid-column: 1 / -1;
      color: var(--muted);
      font-size: 0.8125rem;
    }
    .count {
      font-size: 1.5rem;
      font-weight: 650;
      letter-spacing: -0.02em;
      font-variant-numeric: tabular-nums;
      line-height: 1.3;
    }
    .state {
      text-align: end;
      font-size: 0.8125rem;
      color: var(--received);
    }
    .still {
      color: var(--paused);
    }
  `,
})
export class FloodCounter {
  readonly progress = toSignal(
    messagesFrom('flood-counts', json<FloodCounts>()).pipe(
      timestamp(),
      map(({ value, timestamp: at }) => ({ ...value, at, since: at })),
      scan((last, next) => (next.handedOver === last.handedOver ? { ...next, since: last.since } : next)),
    ),
    { initialValue: { handedOver: 0, waiting: 0, paused: false, at: 0, since: 0 } },
  );

  readonly isStill = computed(() => this.progress().at - this.progress().since >= 500);

  readonly state = computed(() => {
    const { handedOver, at, since, paused } = this.progress();
    if (handedOver === 0) return 'Say “flood” to it.';
    if (!this.isStill()) return 'Sends';
    return `${paused ? 'Waits for room' : 'Silent'}: ${seconds(at - since)}`;
  });
}
