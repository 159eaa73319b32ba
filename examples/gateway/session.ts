import { IdleTimeoutError, useConnection, type Connection, type SocketAddress } from 'rxjs-net';
import {
  catchError,
  concat,
  defer,
  of,
  takeUntil,
  throwError,
  type Observable,
  type Subscription,
} from 'rxjs';
import type { Target } from './AllowList.js';
import { TooManyConnections, type ConnectionLimits } from './ConnectionLimits.js';
import { headerFor } from './headerFor.js';
import { relay, SideLost } from './relay.js';

/** What a client is told by the code of its close, which is like the status that HTTP has for it. */
export const CLOSE_CODES = {
  /** Nothing went either way for too long. */
  idle: 4408,
  /** The target has broken off. What had come of it was sent on before. */
  targetLost: 4410,
  /** There are too many connections; there may be room later. */
  tooMany: 4429,
  /** The target takes no connection. Nothing was sent to it. */
  unreachable: 4502,
  /** The gateway stops; it, or another one, may be there soon. */
  stopping: 4503,
} as const;

/** A client, and where it wants to go. */
export interface Visit {
  readonly client: Connection;
  readonly target: Target;
  /** Who is told to the target. */
  readonly source: SocketAddress;
  readonly origin: string | undefined;
}

/** What all sessions have in common. */
export interface Surroundings {
  readonly limits: ConnectionLimits;
  /** Names of the targets that get the header of the PROXY protocol. */
  readonly proxyProtocol: ReadonlySet<string>;
  /** Errors with `GatewayStops` when sessions have to end. */
  readonly stopped$: Observable<never>;
  readonly connect: (target: Target) => Observable<Connection>;
  readonly closeWebSocket: (client: Connection, code: number, reason: string) => void;
}

export class GatewayStops extends Error {
  override readonly name = 'GatewayStops';
}

class Unreachable extends Error {
  override readonly name = 'Unreachable';
}

/**
 * One client, from its admission to its end. Emits the lines to print. Whatever goes wrong is told to the client by a close
 * code; who is behind the target's name, and what it has said, is printed only.
 */
export function session(visit: Visit, surroundings: Surroundings): Observable<string> {
  const { client, target, source, origin } = visit;
  const { limits, proxyProtocol, stopped$, closeWebSocket } = surroundings;
  const header = proxyProtocol.has(target.name)
    ? headerFor(source, client.writer.getExtraInfo('sockname'))
    : new Uint8Array();
  let carried = (): string => '';

  function carry(server: Connection): Observable<string> {
    const socket = server.writer.getExtraInfo('socket') as { bytesRead: number; bytesWritten: number };
    carried = () => ` after ${socket.bytesWritten - header.length} bytes up, ${socket.bytesRead} bytes down`;
    server.writer.write(header);
    return concat(of('open'), relay(client, server)).pipe(
      catchError((error: unknown) => {
        // Of a client that broke off the target learns by a reset: an end would say that it had sent all.
        if (error instanceof SideLost && error.side === 'client') server.writer.abort(error);
        return throwError(() => error);
      }),
    );
  }

  return concat(
    defer(() => {
      holdUntilGone(client, limits.admit(source.address, origin));
      return surroundings.connect(target).pipe(
        catchError((error: unknown) => throwError(() => new Unreachable(target.name, { cause: error }))),
        // The relay tells what becomes of either side.
        useConnection(carry, { onLoss: 'continue' }),
      );
    }).pipe(takeUntil(stopped$)),
    defer(() => of(`closed${carried()}`)),
  ).pipe(
    catchError((error: unknown) => {
      const [code, reason] = closingOf(error);
      if (code !== undefined) closeWebSocket(client, code, reason);
      const why = [reason, ...detailsOf(error)].join(': ');
      return of(carried() === '' ? `refused: ${why}` : `closed${carried()}: ${why}`);
    }),
  );
}

function holdUntilGone({ writer }: Connection, place: Subscription): void {
  const leave = (): void => place.unsubscribe();
  writer.waitClosed().subscribe({ next: leave, error: leave });
}

/** The code, if there is still somebody to be told, and what may be told to anybody. */
function closingOf(error: unknown): [code: number | undefined, reason: string] {
  if (error instanceof TooManyConnections) return [CLOSE_CODES.tooMany, error.message];
  if (error instanceof GatewayStops) return [CLOSE_CODES.stopping, 'the gateway stops'];
  if (error instanceof Unreachable) return [CLOSE_CODES.unreachable, 'no connection to the target'];
  if (!(error instanceof SideLost)) throw error;
  if (error.side === 'client') return [undefined, 'the client has broken off'];
  const isIdle = causesOf(error).some((cause) => cause instanceof IdleTimeoutError);
  return isIdle ? [CLOSE_CODES.idle, 'idle'] : [CLOSE_CODES.targetLost, 'the target has broken off'];
}

/** What the system says, for who runs the gateway. */
function detailsOf(error: unknown): string[] {
  // Where a name has several addresses and none answers, Node's error has no message of its own.
  const last = causesOf(error).at(-1) as (Error & { code?: string }) | undefined;
  return last === undefined ? [] : [last.message || last.code || last.name];
}

function causesOf(error: unknown): Error[] {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error ? [cause, ...causesOf(cause)] : [];
}
