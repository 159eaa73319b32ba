import { checkData } from '../bytes/check.js';
import { messageChunks } from '../bytes/messageHeader.js';
import type { Data } from '../bytes/Separator.js';
import { joinBytes } from '../decoders/messageBytes.js';

/**
 * The bytes in which a connection in message mode hands a message to its reader: text for a string, binary for bytes. For
 * tests of what reads with `messages()` or `jsonMessages()`; what is written is one message for each write, as it is.
 *
 * @throws `TypeError` for what is neither text nor bytes
 *
 * @example
 * ```ts
 * import { framed, jsonMessages } from 'rxjs-net';
 * import { manualConnection, receivedMessage } from 'rxjs-net/testing';
 *
 * const connection = manualConnection();
 * framed(connection, jsonMessages<{ price: number }>()).subscribe(({ price }) => console.log(price)); // 42
 * connection.transport.receive(receivedMessage('{"price":42}'));
 * ```
 */
export function receivedMessage(message: Data): Uint8Array {
  checkData(message);
  return joinBytes(...messageChunks(message));
}
