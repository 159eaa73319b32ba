import type { Data } from '../bytes/Separator.js';
import type { Transport, TransportReceiver } from './Transport.js';

/** What changes: they are asked for anew each time. */
type Facts = 'limitedFor' | 'bytesWritten';

type OptionalMember = {
  [K in Exclude<keyof Transport, Facts>]-?: object extends Pick<Transport, K> ? K : never;
}[Exclude<keyof Transport, Facts>];

// A new optional member of `Transport` does not compile until it stands here, and then every wrapper hands it on.
const OPTIONAL: Record<OptionalMember, true> = {
  startTls: true,
  onReleased: true,
  messages: true,
};

/**
 * A transport around another one, which it hands everything on to: the base of those that change or watch some of it.
 * It has the optional members that the one inside has, and no others.
 *
 * @internal
 */
export class TransportWrapper implements Transport {
  declare readonly startTls?: NonNullable<Transport['startTls']>;
  declare readonly onReleased?: NonNullable<Transport['onReleased']>;
  declare readonly messages?: boolean;

  constructor(readonly inner: Transport) {
    for (const name of Object.keys(OPTIONAL) as OptionalMember[]) {
      const member: unknown = Reflect.get(inner, name);
      if (member === undefined) continue;
      Object.assign(this, {
        [name]: typeof member === 'function' ? (member.bind(inner) as unknown) : member,
      });
    }
  }

  get writeQueueSize(): number {
    return this.inner.writeQueueSize;
  }

  get bytesWritten(): number | undefined {
    return this.inner.bytesWritten;
  }

  get limitedFor(): number | undefined {
    return this.inner.limitedFor;
  }

  get canWriteEof(): boolean {
    return this.inner.canWriteEof;
  }

  start(receiver: TransportReceiver): void {
    this.inner.start(receiver);
  }

  write(data: Data): void {
    this.inner.write(data);
  }

  writeEof(): void {
    this.inner.writeEof();
  }

  pause(): void {
    this.inner.pause();
  }

  resume(): void {
    this.inner.resume();
  }

  close(): void {
    this.inner.close();
  }

  abort(reason?: unknown): void {
    this.inner.abort(reason);
  }

  getExtraInfo(name: string): unknown {
    return this.inner.getExtraInfo(name);
  }
}
