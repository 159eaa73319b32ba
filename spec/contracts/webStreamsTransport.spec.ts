import { WebStreamsTransport } from '../../src/transports/web/WebStreamsTransport.js';
import type { WebStreams } from '../../src/transports/web/WebStreams.js';
import { bytePipe, joinedBy } from '../transports/web/streamPairs.js';
import { contractSpecs } from './contractSpecs.js';

const transports = ([one, other]: [WebStreams, WebStreams]) =>
  [new WebStreamsTransport(one), new WebStreamsTransport(other)] as const;

// All of it holds: an abort reaches the peer as an error, one direction ends alone, and a large write goes in pieces.
const traits = { reportsThrows: true };

contractSpecs(
  'WebStreamsTransport on TransformStreams',
  () => transports(joinedBy(() => new TransformStream())),
  traits,
);

contractSpecs('WebStreamsTransport on byte streams', () => transports(joinedBy(bytePipe)), traits);
