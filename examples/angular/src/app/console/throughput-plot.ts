import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { byteText, BytesPipe } from './byte-text';
import { SAMPLE_INTERVAL, SAMPLES, type Sample } from './console-session';

const WIDTH = SAMPLES - 1;
const HEIGHT = 100;
const SMALLEST_SCALE = 1024;

/** The last half minute: what came and what went, in bytes a second, and when nobody took it. */
@Component({
  selector: 'app-throughput-plot',
  imports: [BytesPipe],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <dl>
      <div class="received">
        <dt>Received</dt>
        <dd>{{ latest().receiving | bytes }}/s</dd>
        <dd class="total">{{ latest().received | bytes }} in all</dd>
      </div>
      <div class="sent">
        <dt>Sent</dt>
        <dd>{{ latest().sending | bytes }}/s</dd>
        <dd class="total">{{ latest().sent | bytes }} in all</dd>
      </div>
    </dl>
    <figure>
      <svg [attr.viewBox]="viewBox" preserveAspectRatio="none" role="img" [attr.aria-label]="summary()">
        @for (band of paused(); track $index) {
          <rect class="paused" [attr.x]="band.x" y="0" [attr.width]="band.width" [attr.height]="height" />
        }
        <path class="grid" [attr.d]="grid" />
        <path class="area received" [attr.d]="area()" />
        <path class="line received" [attr.d]="received()" />
        <path class="line sent" [attr.d]="sent()" />
      </svg>
      <span class="scale">{{ scale() | bytes }}/s</span>
      <figcaption>
        <span>{{ span }} s ago</span>
        @if (paused().length > 0) {
          <span class="key">paused</span>
        }
        <span>now</span>
      </figcaption>
    </figure>
  `,
  styleUrl: './throughput-plot.css',
})
export class ThroughputPlot {
  readonly samples = input.required<readonly Sample[]>();

  protected readonly viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
  protected readonly height = HEIGHT;
  protected readonly span = (SAMPLES * SAMPLE_INTERVAL) / 1000;
  protected readonly grid = [1, 2, 3]
    .map((n) => `M0 ${(HEIGHT * n) / 4}H${WIDTH}`)
    .concat([1, 2].map((n) => `M${(WIDTH * n) / 3} 0V${HEIGHT}`))
    .join('');

  protected readonly latest = computed(() => this.samples().at(-1)!);

  /** What the upper edge stands for: a power of two, so that it does not change with every sample. */
  protected readonly scale = computed(() => {
    const most = this.samples().reduce((max, { receiving, sending }) => Math.max(max, receiving, sending), 0);
    return 2 ** Math.ceil(Math.log2(Math.max(SMALLEST_SCALE, most * 1.05)));
  });

  protected readonly received = computed(() => this.#line(({ receiving }) => receiving));
  protected readonly sent = computed(() => this.#line(({ sending }) => sending));
  protected readonly area = computed(
    () => `${this.received()}L${WIDTH} ${HEIGHT}L${WIDTH - this.samples().length + 1} ${HEIGHT}Z`,
  );

  /** The times at which one direction was paused. */
  protected readonly paused = computed(() => {
    const bands: { x: number; width: number }[] = [];
    const samples = this.samples();
    samples.forEach(({ readerPaused, writerPaused }, i) => {
      if (!readerPaused && !writerPaused) return;
      const x = WIDTH - samples.length + i;
      const last = bands.at(-1);
      if (last?.x === x - (last?.width ?? 0)) last.width++;
      else bands.push({ x, width: 1 });
    });
    return bands;
  });

  protected readonly summary = computed(() => {
    const { receiving, sending } = this.latest();
    return `Throughput of the last ${this.span} seconds: now ${byteText(receiving)} a second received, ${byteText(sending)} sent`;
  });

  #line(value: (sample: Sample) => number): string {
    const samples = this.samples();
    const scale = this.scale();
    const points = samples.map((sample, i) => {
      const y = HEIGHT - (HEIGHT * Math.max(0, value(sample))) / scale;
      return `${WIDTH - samples.length + 1 + i} ${y.toFixed(2)}`;
    });
    return `M${points.join('L')}`;
  }
}
