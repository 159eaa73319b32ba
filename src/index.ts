/**
 * The core of rxjs-net, for every runtime: connections, reads, writes, protocols, operators, conversations, errors.
 *
 * @packageDocumentation
 */

export { ByteQueue } from './bytes/ByteQueue.js';
export { takeBigInteger } from './bytes/takeBigInteger.js';
export { takeTextUntil } from './bytes/takeTextUntil.js';
export { takeBigVarint, takeVarint } from './bytes/takeVarint.js';
export { Connection } from './streams/Connection.js';
export type { ConnectionOptions, WaterMarks } from './streams/ConnectionSettings.js';
export type { Decoder, DecoderFactory } from './bytes/Decoder.js';
export { DecodeError, IncompleteReadError, LimitOverrunError, StreamError } from './bytes/errors.js';
export {
  AddressLimitError,
  ConnectionClosedError,
  ConnectionLostError,
  ConnectTimeoutError,
  FlowControlError,
  HandshakeTimeoutError,
  HeartbeatTimeoutError,
  IdleTimeoutError,
  ProxyError,
  ProxyProtocolError,
  ReaderBusyError,
  ReceiveLimitError,
  RequestTimeoutError,
  SlowConsumerError,
  StaleSocketError,
  StepTimeoutError,
  TooManyConnectionsError,
  UnreadPlaintextError,
  WebSocketCloseError,
  WriteAfterEndError,
  WriteOverflowError,
} from './streams/errors.js';
export type { Data, Separator } from './bytes/Separator.js';
export type { ConsumeOptions, FrameConsumer } from './streams/Consumption.js';
export { RateLimit, type RateLimitOptions } from './streams/RateLimit.js';
export { StreamReader, type LinesOptions, type PipeOptions } from './streams/StreamReader.js';
export { StreamWriter } from './streams/StreamWriter.js';
export type { TextEncoding } from './bytes/text.js';
export type {
  ExtraInfo,
  SocketAddress,
  StartTlsOptions,
  StartTlsOptionsMap,
  Transport,
  TransportReceiver,
} from './streams/Transport.js';

export { ByteWriter, type Content, type LengthFieldOptions } from './decoders/ByteWriter.js';
export { codec, type Codec } from './decoders/codec.js';
export { cobs, type CobsOptions } from './decoders/cobs.js';
export { decoder, type FrameGenerator } from './decoders/decoder.js';
export type { DecoderBytes } from './decoders/DecoderBytes.js';
export type { Take } from './decoders/CurrentTake.js';
export { delimited, type DelimitedOptions } from './decoders/delimited.js';
export { encoder } from './decoders/encoder.js';
export { encodeProxyHeader } from './decoders/encodeProxyHeader.js';
export { fixedLength } from './decoders/fixedLength.js';
export { json, type JsonOptions } from './decoders/json.js';
export type { LengthPrefixedOptions } from './decoders/lengthLayout.js';
export { lengthPrefixed } from './decoders/lengthPrefixed.js';
export { jsonMessages, type JsonMessagesOptions } from './decoders/jsonMessages.js';
export { lines, type LinesCodecOptions } from './decoders/lines.js';
export { messages, type MessageConversion, type MessagesOptions } from './decoders/messages.js';
export { netstring, type NetstringOptions } from './decoders/netstring.js';
export { proxyHeader, type ProxyHeaderOptions } from './decoders/proxyHeader.js';
export type { ProxyHeader, ProxySsl, ProxyTlv } from './decoders/proxyFormat.js';
export { slip, type SlipOptions } from './decoders/slip.js';

export type {
  ConnectionSnapshot,
  PauseSnapshot,
  PendingRead,
  ReadSnapshot,
  WriteSnapshot,
} from './streams/ConnectionSnapshot.js';
export {
  explainStall,
  type ExplainStallOptions,
  type StallCause,
  type StallExplanation,
} from './streams/explainStall.js';
export { connectionPair } from './transports/memory/connectionPair.js';

export { decode } from './operators/decode.js';
export { readExactly } from './operators/readExactly.js';
export { readLine } from './operators/readLine.js';
export { readUntil, type LimitOptions } from './operators/readUntil.js';
export { serve, type ServeContext, type ServeHandler, type ServeOptions } from './operators/serve.js';
export { silence, type SilenceOptions } from './operators/silence.js';
export { useConnection, type ConnectionHandler, type HandlerOptions } from './operators/useConnection.js';
export type { OverflowStrategy } from './operators/BufferedWrite.js';
export { writeTo, type WriteToOptions } from './operators/writeTo.js';

export { broadcast, Broadcast } from './observables/broadcast.js';
export type {
  BroadcastOptions,
  BroadcastSendOptions,
  JoinOptions,
  SlowPolicy,
} from './observables/BroadcastOptions.js';
export { converse } from './observables/converse.js';
export type { ConversationGenerator, Spoken } from './observables/ConversationGenerator.js';
export type { Conversation, Step } from './observables/Conversation.js';
export { framed, Framed } from './observables/framed.js';
export type { FramedOptions, RequestOptions } from './observables/FramedOptions.js';
export {
  reconnecting,
  type Reconnecting,
  type ReconnectingOptions,
  type ReconnectingStatus,
} from './observables/reconnecting.js';
export { sendAll } from './observables/sendAll.js';
export { throughHttpProxy, type HttpProxyOptions } from './observables/throughHttpProxy.js';
export type { TunnelOptions } from './observables/throughProxy.js';
export { throughSocks5, type Socks5Options } from './observables/throughSocks5.js';
