import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { ConsoleSession } from './console-session';
import { statusText } from './status-text';

/** What the connection is doing, why, and what can be done about it. */
@Component({
  selector: 'app-connection-card',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <div class="status" role="status" [attr.data-kind]="status().kind">
      <span class="dot" aria-hidden="true"></span>
      <strong>{{ text().title }}</strong>
      <span class="detail">{{ text().detail }}</span>
    </div>
    <div class="wait" aria-hidden="true">
      <!-- A new one for each wait, so that it begins anew. -->
      @for (delay of waits(); track status()) {
        <div [style.animation-duration.ms]="delay"></div>
      }
    </div>
    <div class="buttons">
      @switch (status().kind) {
        @case ('closed') {
          <button class="primary" type="button" (click)="session.connect()">Connect</button>
        }
        @case ('waiting') {
          <button class="primary" type="button" (click)="live.retryNow()">Try now</button>
          <button type="button" (click)="live.close()">Give up</button>
        }
        @case ('connecting') {
          <button type="button" (click)="live.close()">Give up</button>
        }
        @default {
          <button type="button" (click)="live.close()">Close</button>
          <button type="button" (click)="session.break()">Break it</button>
        }
      }
    </div>
  `,
  styleUrl: './connection-card.css',
})
export class ConnectionCard {
  protected readonly session = inject(ConsoleSession);
  protected readonly live = this.session.live;
  protected readonly status = this.live.status;
  protected readonly text = computed(() => statusText(this.status()));

  protected readonly waits = computed(() => {
    const status = this.status();
    return status.kind === 'waiting' ? [status.delay] : [];
  });
}
