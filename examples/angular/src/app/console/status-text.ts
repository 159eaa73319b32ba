import type { Connection, ReconnectingStatus } from 'rxjs-net';

/** A status, for people. */
export interface StatusText {
  readonly title: string;
  readonly detail: string;
}

export function statusText(status: ReconnectingStatus): StatusText {
  switch (status.kind) {
    case 'closed':
      return {
        title: 'Closed',
        detail: status.reason === undefined ? 'Nobody has asked for it.' : reasonText(status.reason),
      };
    case 'connecting':
      return { title: 'Connecting', detail: `Attempt ${status.attempt}` };
    case 'open':
      return {
        title: 'Open',
        detail: `Through the gateway. Flow control: ${flowControl(status.connection)}.`,
      };
    case 'waiting':
      return {
        title: 'Waiting to reconnect',
        detail: `${reasonText(status.reason)} Attempt ${status.attempt} follows in ${seconds(status.delay)}.`,
      };
  }
}

/** Why a connection has ended: what the error says, and what it was caused by. */
export function reasonText(reason: unknown): string {
  if (reason === undefined) return 'The server has ended the connection.';
  const messages: string[] = [];
  for (
    let error: unknown = reason;
    error !== undefined && error !== null;
    error = (error as { cause?: unknown }).cause
  ) {
    const message = error instanceof Error ? error.message : typeof error === 'string' ? error : '';
    // Some messages hold that of their cause already.
    if (message !== '' && !messages.some((text) => text.includes(message))) messages.push(message);
  }
  if (messages.length === 0) return 'An error without a message.';
  return `${messages.join(': ').replace(/\.$/, '')}.`;
}

const FLOW_CONTROLS: Readonly<Record<string, string>> = {
  credit: 'credits',
  stream: 'WebSocketStream',
  bound: 'none, but a bound',
};

function flowControl({ writer }: Connection): string {
  const kind = writer.getExtraInfo('flowControl', 'unknown');
  return FLOW_CONTROLS[kind] ?? kind;
}

export function seconds(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}
