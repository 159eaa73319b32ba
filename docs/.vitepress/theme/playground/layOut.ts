import type { Happening, Playback } from './Playback.js';

/** A marble: its middle, and what is written in it. */
export interface Pill {
  readonly at: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly kind: Happening['kind'];
  readonly label: string;
  readonly full: string;
}

/** From where the peer sent something to where the reader took it. */
export interface Link {
  readonly at: number;
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
  readonly late: boolean;
}

export interface Lane {
  readonly name: 'peer' | 'reader' | 'handler' | 'writer' | 'queue' | 'taken';
  readonly title: string;
  readonly top: number;
  readonly height: number;
  /** Where its line, or the floor of its bars, is. */
  readonly line: number;
  readonly pills: readonly Pill[];
  /** Bytes that wait, as the points of an area; and where it is paused. */
  readonly area?: string;
  readonly paused?: readonly { readonly from: number; readonly to: number; readonly at: number }[];
  readonly marks?: readonly number[];
  /** What the marks are. */
  readonly bounds?: string;
}

/** A picture of a playback, in pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly axis: number;
  readonly lanes: readonly Lane[];
  readonly links: readonly Link[];
  readonly ticks: readonly { readonly x: number; readonly label: string }[];
  /** Where nothing happens for long, and time is left out. */
  readonly gaps: readonly { readonly from: number; readonly to: number; readonly label: string }[];
  /** Each time at which something happens, and its place. */
  readonly stops: readonly { readonly at: number; readonly x: number }[];
}

const LEFT = 24;
const TITLE = 24;
const PILL = 24;
const END = 14;
const AREA = 46;
const SPACE = 12;
const CHARACTER = 7.3;
const MOST_CHARACTERS = 22;
/** Of a step in which nothing happens, and how many of them are drawn. */
const IDLE = 12;
const MOST_IDLE = 12;
const GAP = 76;

const TITLES: Readonly<Record<Lane['name'], string>> = {
  peer: 'The peer sends',
  reader: 'Bytes in the reader',
  handler: 'Your handler emits',
  writer: 'Your handler writes',
  queue: 'Bytes in the writer',
  taken: 'The peer takes',
};

/** Where everything stands. `step` is the shortest time that counts, in milliseconds; `room` is the width that there is. */
export function layOut(playback: Playback, step = 1, room = 0): Layout {
  const { happenings, moments, until, limit, highWaterMark } = playback;
  const columns = placed(playback, step, room);
  const xOf = (at: number): number => columns.places.get(at)?.x ?? LEFT;
  const lanes: Lane[] = [];
  let top = 0;
  const pillLane = (name: 'peer' | 'handler' | 'writer' | 'taken'): void => {
    const mine = happenings.filter(({ row }) => row === name);
    const stacked = new Map<number, number>();
    const widest = new Map<number, number>();
    const line = top + TITLE + PILL / 2;
    const pills = mine.map((happening): Pill => {
      const { at, kind, text } = happening;
      const label = labelOf(happening);
      const width = widthOf(happening);
      const before = widest.get(at);
      // The end stands behind what came at the same moment.
      if (kind === 'end') {
        const x = before === undefined ? xOf(at) : xOf(at) + before / 2 + END / 2;
        return { at, x, y: line, width: END, kind, label, full: text };
      }
      const level = stacked.get(at) ?? 0;
      stacked.set(at, level + 1);
      widest.set(at, Math.max(before ?? 0, width));
      return { at, x: xOf(at), y: line + level * (PILL + 3), width, kind, label, full: text };
    });
    const most = Math.max(1, ...stacked.values());
    const height = TITLE + most * (PILL + 3) + SPACE;
    lanes.push({ name, title: TITLES[name], top, height, line, pills });
    top += height;
  };
  const areaLane = (name: 'reader' | 'queue'): void => {
    const bytes = moments.map(({ buffered, queued }) => (name === 'reader' ? buffered : queued));
    const [high, low] =
      name === 'reader' ? [2 * limit, limit] : [highWaterMark, Math.floor(highWaterMark / 4)];
    const who = name === 'reader' ? 'the peer stops' : 'paused';
    const highest = Math.max(8, ...bytes);
    // Where the marks are far above all that waits they would make it invisible.
    const marked = high <= 3 * highest;
    const scale = (marked ? Math.max(highest, high) : highest) * 1.1;
    const line = top + TITLE + AREA;
    const yOf = (count: number): number => line - (count / scale) * AREA;
    const points: string[] = [`${LEFT},${line}`];
    let last = line;
    for (const [i, { at }] of moments.entries()) {
      const y = yOf(bytes[i]!);
      points.push(`${xOf(at)},${last}`, `${xOf(at)},${y}`);
      last = y;
    }
    const end = xOf(until);
    points.push(`${end},${last}`, `${end},${line}`);
    const paused: { from: number; to: number; at: number }[] = [];
    for (const [i, moment] of moments.entries()) {
      if (!(name === 'reader' ? moment.readerPaused : moment.writerPaused)) continue;
      const to = xOf(moments[i + 1]?.at ?? until);
      const before = paused.at(-1);
      if (before?.to === xOf(moment.at)) before.to = to;
      else paused.push({ from: xOf(moment.at), to, at: moment.at });
    }
    const marks = marked ? [yOf(high), yOf(low)] : [];
    const bounds = marked ? `${who} above ${high}, goes on at ${low}` : '';
    const height = TITLE + AREA + SPACE;
    lanes.push({
      name,
      title: TITLES[name],
      top,
      height,
      line,
      pills: [],
      area: points.join(' '),
      paused,
      marks,
      bounds,
    });
    top += height;
  };
  const has = (wanted: Happening['row']): boolean => happenings.some(({ row }) => row === wanted);
  if (has('peer') || !has('writer')) pillLane('peer');
  if (has('peer')) areaLane('reader');
  pillLane('handler');
  if (happenings.some(({ row, kind }) => row === 'writer' && kind !== 'end')) pillLane('writer');
  if (moments.some(({ queued }) => queued > 0)) areaLane('queue');
  if (has('taken')) pillLane('taken');

  const peer = lanes.find(({ name }) => name === 'peer');
  const reader = lanes.find(({ name }) => name === 'reader');
  const sent = happenings.filter(({ row }) => row === 'peer');
  const links = sent.flatMap(({ at, arrivesAt, kind }, i): Link[] => {
    if (arrivesAt === undefined || kind === 'error' || peer === undefined || reader === undefined) return [];
    const { x, y } = peer.pills[i]!;
    return [{ at, from: [x, y + PILL / 2], to: [xOf(arrivesAt), reader.line], late: arrivesAt > at }];
  });
  return {
    width: columns.width,
    height: top + 26,
    axis: top + 4,
    lanes,
    links,
    ticks: columns.ticks,
    gaps: columns.gaps,
    stops: [...columns.places].map(([at, { x }]) => ({ at, x })),
  };
}

/** Time from left to right: as wide as its marbles where something happens, narrow where nothing does, or left out. */
function placed(
  { happenings, moments, until }: Playback,
  step: number,
  room: number,
): Pick<Layout, 'ticks' | 'gaps' | 'width'> & { places: Map<number, { x: number }> } {
  const widths = new Map<number, number>([
    [0, PILL],
    [until, PILL],
  ]);
  for (const { at } of moments) widths.set(at, PILL);
  for (const { arrivesAt } of happenings) if (arrivesAt !== undefined) widths.set(arrivesAt, PILL);
  for (const happening of happenings)
    widths.set(happening.at, Math.max(widths.get(happening.at) ?? PILL, widthOf(happening) + 6));
  for (const { at, kind, row } of happenings) {
    const shares = happenings.some((other) => other.at === at && other.row === row && other.kind !== 'end');
    if (kind === 'end' && shares) widths.set(at, widths.get(at)! + 2 * END);
  }
  const places = new Map<number, { x: number }>();
  const ticks: { x: number; label: string }[] = [];
  const gaps: { from: number; to: number; label: string }[] = [];
  let right = LEFT;
  let before: number | undefined;
  for (const at of [...widths.keys()].sort((a, b) => a - b)) {
    const idle = before === undefined ? 0 : Math.max(0, (at - before) / step - 1);
    if (idle > MOST_IDLE) {
      gaps.push({ from: right, to: right + GAP, label: duration(at - before!) });
      right += GAP;
    } else {
      right += idle * IDLE;
    }
    const width = widths.get(at)!;
    const x = right + width / 2;
    places.set(at, { x });
    const room = ticks.length === 0 || x - ticks.at(-1)!.x > 34;
    if (room) ticks.push({ x, label: duration(at) });
    right += width;
    before = at;
  }
  // What is narrower than the room is stretched, though not beyond reason.
  const natural = right + LEFT;
  const stretch = Math.min(1.8, Math.max(1, room / natural));
  for (const place of places.values()) place.x *= stretch;
  for (const tick of ticks) tick.x *= stretch;
  for (const gap of gaps) {
    gap.from *= stretch;
    gap.to *= stretch;
  }
  return { places, ticks, gaps, width: Math.max(room, natural) };
}

export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${milliseconds} ms`;
  const seconds = milliseconds / 1000;
  return seconds < 120 ? `${Number(seconds.toFixed(1))} s` : `${Number((seconds / 60).toFixed(1))} min`;
}

function labelOf({ kind, text, row }: Happening): string {
  if (kind === 'end') return '';
  if (kind === 'error') return row === 'peer' ? '#' : `# ${cut(text.replace(/:.*/s, ''))}`;
  return cut(text);
}

function widthOf(happening: Happening): number {
  return Math.max(PILL, labelOf(happening).length * CHARACTER + 14);
}

function cut(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS - 1)}…`;
}
