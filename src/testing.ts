/**
 * The test kit: connections that a test plays, networks that misbehave, recordings, and checks.
 *
 * @packageDocumentation
 */

export {
  chaos,
  chaosFrom,
  withChaos,
  type Chaos,
  type ChaosRates,
  type WithChaosOptions,
} from './testing/chaos.js';
export { checkDecoder, type CheckDecoderOptions } from './testing/checkDecoder.js';
export {
  checkTransport,
  transportChecks,
  type ContractCheck,
  type MakeTransportPair,
  type TransportTraits,
} from './testing/checkTransport.js';
export {
  expectBounded,
  expectBoundedAsync,
  type BoundedContext,
  type BoundedPipeline,
  type ExpectBoundedAsyncOptions,
  type ExpectBoundedOptions,
} from './testing/expectBounded.js';
export { manualConnection, type ManualConnection } from './testing/manualConnection.js';
export {
  ManualTransport,
  type ManualTransportOptions,
  type TransportEvent,
} from './testing/ManualTransport.js';
export {
  marbleConnection,
  type MarbleConnectionOptions,
  type MarbleHelpers,
} from './testing/marbleConnection.js';
export { networkPair, type NetworkPairOptions } from './testing/networkPair.js';
export { networkTransports, type NetworkOptions } from './testing/NetworkTransport.js';
export { Recording, type RecordedMarbles, type RecordingJson, type WireEvent } from './testing/Recording.js';
export { receivedMessage } from './testing/receivedMessage.js';
export {
  scriptedConnection,
  ScriptError,
  type ScriptedConnection,
  type ScriptedConnectionOptions,
  type ScriptStep,
} from './testing/scriptedConnection.js';
export { showBytes } from './testing/showBytes.js';
export {
  PipelineCheckError,
  UnboundedError,
  type PipelineProblem,
  type UnboundedBytes,
} from './testing/UnboundedError.js';
export { wiretap, type WiretapOptions } from './testing/wiretap.js';
