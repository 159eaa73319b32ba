import type { Subscription } from 'rxjs';

/** Keeps no process for what was scheduled: by Node's own timer, where the scheduler is a real one. @internal */
export function unrefTimer(timer: Subscription): void {
  (timer as { id?: { unref?: () => void } }).id?.unref?.();
}
