import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { BytesPipe } from './byte-text';
import { ConsoleSession } from './console-session';
import { FloodCounter } from './flood-counter';

const MiB = 2 ** 20;

/** Both directions of the connection: who waits for whom. */
@Component({
  selector: 'app-flow-card',
  imports: [BytesPipe, FloodCounter],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './flow-card.html',
  styleUrl: './flow-card.css',
})
export class FlowCard {
  protected readonly session = inject(ConsoleSession);
  protected readonly live = this.session.live;
  protected readonly much = 16 * MiB;

  protected readonly now = computed(() => this.session.samples().at(-1)!);

  protected readonly reader = computed(() => {
    if (this.now().readerPaused) return 'Stops its peer';
    return this.live.stalled() ? 'Stalled' : 'Reads';
  });

  protected readonly writer = computed(() => (this.live.writerPaused() ? 'Waits for room' : 'Has room'));
}
