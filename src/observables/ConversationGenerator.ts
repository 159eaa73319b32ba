import type { Conversation } from './Conversation.js';

/**
 * A conversation, from its first word to its last. A part of one has the same form, and is spoken with `yield* part(io)`.
 * What it takes besides `io`, its handler takes besides the connection: under `serve` the `ServeContext`.
 *
 * See {@link converse}.
 */
export type ConversationGenerator<E, R, C extends unknown[] = []> = (
  io: Conversation<E>,
  ...context: C
) => Iterator<undefined, R, unknown>;

/**
 * What a conversation emits: what `io.emit` is given, whose type `io: Conversation<T>` says, and what it returns. Where
 * only one of the two is said, that.
 *
 * See {@link converse}.
 */
export type Spoken<E, R> = unknown extends E ? ([Said<R>] extends [never] ? E : Said<R>) : E | Said<R>;
type Said<R> = Exclude<R, undefined | void>;
