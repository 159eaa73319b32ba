import { Connection } from '../streams/Connection.js';
import type { MessageLink } from '../transports/web/MessageLink.js';
import { messageSettings, type MessageOptions } from '../transports/web/MessageSettings.js';
import { MessageTransport } from '../transports/web/MessageTransport.js';

/**
 * A connection on a link of messages. Where it cannot be made, as with a `wrap` that throws, the link is broken: nobody else
 * would.
 *
 * @internal
 */
export function connectionOnLink(link: MessageLink, options: MessageOptions, credits: boolean): Connection {
  const transport = new MessageTransport(link, messageSettings(options, credits));
  try {
    return new Connection(transport, options);
  } catch (error) {
    transport.abort(error);
    throw error;
  }
}
