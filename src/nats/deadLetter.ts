import type { JsMsg } from '@nats-io/jetstream';
import { headers } from '@nats-io/nats-core';
import { printable } from '../bytes/printable.js';
import type { DeadLetterOptions } from './ConsumerOptions.js';

/** Characters of an error's message that go along. */
const REASON = 500;

/**
 * Publishes a message that nobody can work on, with headers of its own and those that say where it was and why it is here.
 * Its id is that of its place, so that whoever tries again makes no second one.
 *
 * @internal
 */
export async function publishDeadLetter(
  { js, subject }: DeadLetterOptions,
  message: JsMsg,
  error: unknown,
): Promise<void> {
  const { stream, consumer, deliveryCount } = message.info;
  const target = typeof subject === 'function' ? subject(message, error) : subject;
  const all = headers();
  for (const [name, values] of message.headers ?? []) {
    // Those are for the server: the id was that of another message, and what was expected then is not so now.
    if (/^Nats-/i.test(name)) continue;
    for (const value of values) all.append(name, value);
  }
  const { name = 'Error', code, message: text = error } = (error ?? {}) as Partial<Error & { code: unknown }>;
  const details: Record<string, unknown> = {
    Reason: text,
    Error: code ?? name,
    Subject: message.subject,
    Stream: stream,
    Sequence: message.seq,
    Consumer: consumer,
    Deliveries: deliveryCount,
  };
  for (const [name, value] of Object.entries(details))
    all.set(`Dead-Letter-${name}`, printable(String(value), REASON));
  await js.publish(target, message.data, { headers: all, msgID: `${stream}.${consumer}.${message.seq}` });
}
