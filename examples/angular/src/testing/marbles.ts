import type { Signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { marbleConnection, type MarbleConnectionOptions } from 'rxjs-net/testing';
import { defer, delay, distinctUntilChanged, map, NEVER, of, timer, type Observable } from 'rxjs';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { expect } from 'vitest';
import type { Connect } from '../app/connection/connect';

/** A test in virtual time. After a second of it what `TestBed` has made is destroyed, and its timers end. */
export function marbles(test: (helpers: RunHelpers) => void): () => void {
  return () =>
    new TestScheduler((actual, expected) => expect(actual).toEqual(expected)).run((helpers) => {
      timer(1000).subscribe(() => TestBed.resetTestingModule());
      test(helpers);
    });
}

/** A server for `CONNECT`: each attempt to connect gets the next of these connections, and then none. */
export function marbleServer(helpers: RunHelpers, ...servers: MarbleConnectionOptions[]) {
  const targets: string[] = [];
  // Made at once, as hot marbles begin with the test.
  const connections = servers.map((options) => marbleConnection(helpers, options));
  let attempts = 0;
  const connect: Connect = (target) => {
    targets.push(target);
    return defer(() => {
      const connection = connections[attempts++];
      // An error that a client takes for a lost connection would have it try for ever, in no time.
      return connection === undefined ? NEVER : of(connection);
    });
  };
  return { connect, connections, targets };
}

/** What a signal holds at the end of each millisecond of virtual time: to be compared until a given time. */
export function valuesOf<T>(signal: Signal<T>): Observable<T> {
  return timer(0, 1).pipe(delay(0), map(signal), distinctUntilChanged());
}
