import { messageSettings, type MessageOptions } from '../../src/transports/web/MessageSettings.js';
import { MessagePortLink } from '../../src/transports/web/MessagePortLink.js';
import { MessageTransport } from '../../src/transports/web/MessageTransport.js';
import { linkPair } from '../transports/web/linkPair.js';
import { contractSpecs } from './contractSpecs.js';

function pair(flowControl: 'stream' | undefined, credits: boolean, options: MessageOptions = {}) {
  const [one, other] = linkPair(flowControl);
  const settings = messageSettings(options, credits);
  return [new MessageTransport(one, settings), new MessageTransport(other, settings)] as const;
}

contractSpecs('a link with credits', () => pair(undefined, true), { reportsThrows: true });

contractSpecs('a link that stops its peer', () => pair('stream', false), {
  halfCloses: false,
  reportsThrows: true,
});

contractSpecs('a link that stops nobody', () => pair(undefined, false, { receiveLimit: 2 ** 30 }), {
  halfCloses: false,
  slowsPeer: false,
  reportsThrows: true,
});

contractSpecs(
  'a MessagePort',
  () => {
    const { port1, port2 } = new MessageChannel();
    const settings = messageSettings({}, true);
    return [
      new MessageTransport(new MessagePortLink(port1, false), settings),
      new MessageTransport(new MessagePortLink(port2, false), settings),
    ];
  },
  { reportsThrows: true },
);
