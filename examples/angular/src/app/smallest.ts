import { afterNextRender, ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { lines } from 'rxjs-net';
import { scan } from 'rxjs';
import { LiveConnection } from './connection/live-connection';

/** The smallest use of the service. docs/guide/angular.md shows it, a spec runs it. */
@Component({
  selector: 'app-smallest',
  providers: [LiveConnection],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @if (live.connection()) {
      <button (click)="live.send('hello')">Say hello</button>
    }
    @for (line of received(); track $index) {
      <p>{{ line }}</p>
    }
  `,
})
export class Smallest {
  protected readonly live = inject<LiveConnection<string, string>>(LiveConnection);
  protected readonly received = toSignal(
    this.live.received$.pipe(scan((all, line) => [...all, line].slice(-100), [] as string[])),
    { initialValue: [] },
  );

  constructor() {
    afterNextRender(() => this.live.open('echo', lines()));
  }
}
