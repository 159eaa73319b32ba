import type { Subscriber } from 'rxjs';
import type { StreamWriter } from '../streams/StreamWriter.js';

/**
 * As long as the subscriber lives: calls `onRoom` at each drain signal, and errors the subscriber when the connection
 * is gone, at once if it is gone already.
 *
 * @internal
 */
export function followWriter(writer: StreamWriter, subscriber: Subscriber<never>, onRoom: () => void): void {
  subscriber.add(
    writer.drain$.subscribe({ next: onRoom, error: (error: unknown) => subscriber.error(error) }),
  );
  subscriber.add(writer.onGone((error) => subscriber.error(error)));
}

/** Completes the subscriber when the writer has room; errors it when the connection is gone. @internal */
export function endWhenDrained(writer: StreamWriter, subscriber: Subscriber<never>): void {
  subscriber.add(
    writer.drain().subscribe({
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    }),
  );
}
