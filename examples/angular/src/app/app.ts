import {
  afterNextRender,
  ChangeDetectionStrategy,
  Component,
  DOCUMENT,
  effect,
  inject,
  signal,
} from '@angular/core';
import { LiveConnection } from './connection/live-connection';
import { ConnectionCard } from './console/connection-card';
import { ConsoleSession } from './console/console-session';
import { Conversation } from './console/conversation';
import { FlowCard } from './console/flow-card';
import { TARGETS } from './console/targets';
import { ThroughputPlot } from './console/throughput-plot';

const THEMES = ['auto', 'light', 'dark'] as const;

@Component({
  selector: 'app-root',
  imports: [ConnectionCard, Conversation, FlowCard, ThroughputPlot],
  // The connection lives as long as this component does.
  providers: [LiveConnection, ConsoleSession],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './app.html',
  styleUrl: './app.css',
})
export class App {
  protected readonly session = inject(ConsoleSession);
  protected readonly targets = TARGETS;
  protected readonly themes = THEMES;
  protected readonly theme = signal<(typeof THEMES)[number]>('auto');

  constructor() {
    // In the browser only, and after the page is there.
    afterNextRender(() => this.session.connect());

    const { documentElement } = inject(DOCUMENT);
    effect(() => documentElement.setAttribute('data-theme', this.theme()));
  }
}
