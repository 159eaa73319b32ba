import { asyncScheduler } from 'rxjs';
import { checkData, checkLimit, checkOptions, described } from '../../bytes/check.js';
import type { Data } from '../../bytes/Separator.js';
import { checkTimeout } from '../../streams/check.js';
import { ConnectionSettings, type ConnectionOptions } from '../../streams/ConnectionSettings.js';
import type { HeartbeatSettings } from './Heartbeat.js';

/** Options of every connection that travels in messages: a WebSocket's, a MessagePort's. See {@link fromWebSocket}. */
export interface MessageOptions extends ConnectionOptions {
  /**
   * `bytes`: a stream of bytes; where messages begin and end means nothing, everything is sent as binary messages of 64 KiB
   * at most, and received text counts as its UTF-8.
   *
   * `messages`: each `write` is sent as one message, a string as text, bytes as binary; what is received is read with
   * `messages()` or `jsonMessages()`.
   *
   * Default: `bytes`.
   */
  mode?: 'bytes' | 'messages';
  /**
   * Bytes that may wait below the reader, which itself holds `2 × limit`. With credits the peer sends no more than that; where
   * nothing can slow it down, more is a `ReceiveLimitError`, and the connection is lost. Default: 1 MiB with credits, else
   * 16 MiB.
   */
  receiveLimit?: number;
  /** Asks a peer that has been silent whether it is there. Default: does not. */
  heartbeat?: HeartbeatOptions;
}

/** How a peer that has died is found out. See {@link fromWebSocket}. */
export interface HeartbeatOptions {
  /** Milliseconds, more than 0: after so long without a word from the peer it is asked. */
  interval: number;
  /** Milliseconds, more than 0, that it has to send anything at all; else the connection is lost. Default: `interval`. */
  timeout?: number;
  /** What to ask: a message that the peer answers. With credits both ends have a question of their own, and this is not needed. */
  ping?: Data;
}

/** @internal */
export interface MessageSettings {
  readonly mode: 'bytes' | 'messages';
  /** With credits: what the peer may send unread. */
  readonly window: number | undefined;
  readonly receiveLimit: number;
  readonly heartbeat: HeartbeatSettings | undefined;
  readonly ping: Data;
}

const CREDIT_WINDOW = 2 ** 20;
const RECEIVE_LIMIT = 16 * 2 ** 20;

/** Throws at the call what is wrong with the options. @internal */
export function checkMessageOptions(options: MessageOptions, mayHaveCredits: boolean): void {
  ConnectionSettings.of(options);
  const { mode = 'bytes', receiveLimit, heartbeat } = options;
  if (!['bytes', 'messages'].includes(mode)) {
    throw new RangeError(`mode must be 'bytes' or 'messages', not ${described(mode)}`);
  }
  if (receiveLimit !== undefined) checkLimit(receiveLimit, 'receiveLimit');
  if (heartbeat === undefined) return;
  checkOptions(heartbeat);
  const { interval, timeout = interval, ping } = heartbeat;
  checkTimeout('heartbeat.interval', interval);
  checkTimeout('heartbeat.timeout', timeout);
  if (ping !== undefined) checkData(ping);
  else if (!mayHaveCredits) throw new TypeError('heartbeat needs a ping that the peer answers, or credits');
}

/** @internal */
export function messageSettings(options: MessageOptions, credits: boolean): MessageSettings {
  const { mode = 'bytes', heartbeat, scheduler = asyncScheduler } = options;
  const { receiveLimit = credits ? CREDIT_WINDOW : RECEIVE_LIMIT } = options;
  return {
    mode,
    receiveLimit,
    window: credits ? receiveLimit : undefined,
    ping: heartbeat?.ping ?? '',
    // Without credits, where they were offered in vain, a peer that has no question to answer is not asked.
    heartbeat:
      heartbeat === undefined || (!credits && heartbeat.ping === undefined)
        ? undefined
        : { interval: heartbeat.interval, timeout: heartbeat.timeout ?? heartbeat.interval, scheduler },
  };
}
