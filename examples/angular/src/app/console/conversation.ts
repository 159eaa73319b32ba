import { DatePipe } from '@angular/common';
import { ChangeDetectionStrategy, Component, computed, inject, signal } from '@angular/core';
import { ConsoleSession } from './console-session';

const MARKS = { in: '‹', out: '›', note: '·', problem: '!' } as const;
const SPOKEN = { in: 'received', out: 'sent', note: 'note', problem: 'problem' } as const;

/** What was said, and what is to be said next. */
@Component({
  selector: 'app-conversation',
  imports: [DatePipe],
  changeDetection: ChangeDetectionStrategy.OnPush,
  templateUrl: './conversation.html',
  styleUrl: './conversation.css',
})
export class Conversation {
  protected readonly session = inject(ConsoleSession);
  protected readonly marks = MARKS;
  protected readonly spoken = SPOKEN;
  protected readonly draft = signal('');
  /** More than anybody can read out. */
  protected readonly isFlood = computed(() => this.session.samples().at(-1)!.receiving > 2048);
  readonly #said: string[] = [];
  #recalled = 0;

  protected submit(event: Event): void {
    event.preventDefault();
    const text = this.draft().trim();
    if (text === '') return;
    this.#said.push(text);
    this.#recalled = this.#said.length;
    this.draft.set('');
    this.session.say(text);
  }

  /** The arrow keys go through what was said before. */
  protected recall(event: Event, step: -1 | 1): void {
    event.preventDefault();
    this.#recalled = Math.min(this.#said.length, Math.max(0, this.#recalled + step));
    this.draft.set(this.#said[this.#recalled] ?? '');
  }
}
