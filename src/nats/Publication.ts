import type { JetStreamPublishOptions } from '@nats-io/jetstream';
import { checkData, checkOptions, described } from '../bytes/check.js';
import type { Data } from '../bytes/Separator.js';

/**
 * What may go with a message: `msgID`, `headers`, `expect`, `ttl`. See {@link JetStreamWriter.send}.
 *
 * @experimental
 */
export type PublishOptions = Partial<Pick<JetStreamPublishOptions, 'msgID' | 'headers' | 'expect' | 'ttl'>>;

/** One message on its way to JetStream. @internal */
export interface Publication {
  /** Its place in the order of the writes. */
  readonly number: number;
  readonly subject: string;
  readonly data: Data;
  readonly size: number;
  readonly options: PublishOptions & { readonly msgID: string };
  /** How often it was published. */
  attempts: number;
  /** When it was first not known what became of it; undefined as long as that has not been so. */
  unsureSince: number | undefined;
  /** Nobody waits for it any more. */
  onStored: () => void;
  onFailed: (error: Error) => void;
}

/** @internal */
export function checkMessage(subject: string, data: Data, options: PublishOptions): void {
  if (typeof subject !== 'string' || subject === '')
    throw new TypeError(`subject must be a text that is not empty, not ${described(subject)}`);
  checkData(data);
  checkOptions(options);
  const { msgID } = options;
  if (msgID !== undefined && (typeof msgID !== 'string' || msgID === ''))
    throw new TypeError(`msgID must be a text that is not empty, not ${described(msgID)}`);
}

/** 128 bits. Not `randomUUID`, which only pages from https have. @internal */
export function randomText(): string {
  const numbers = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(numbers, (number) => number.toString(36).padStart(7, '0')).join('');
}
