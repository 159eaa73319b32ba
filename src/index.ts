export { ByteQueue } from './streams/ByteQueue.js';
export { Connection, type ConnectionOptions } from './streams/Connection.js';
export type { Decoder, DecoderFactory } from './streams/Decoder.js';
export {
  ConnectionClosedError,
  ConnectionLostError,
  DecodeError,
  IncompleteReadError,
  LimitOverrunError,
  ReaderBusyError,
  StreamError,
  WriteAfterEndError,
} from './streams/errors.js';
export type { Data, Separator } from './streams/Separator.js';
export { StreamReader, type LinesOptions } from './streams/StreamReader.js';
export { StreamWriter, type WaterMarks } from './streams/StreamWriter.js';
export type { TextEncoding } from './streams/text.js';
export type { ExtraInfo, SocketAddress, Transport, TransportReceiver } from './streams/Transport.js';

export { connectionPair } from './transports/connectionPair.js';

export { decode } from './operators/decode.js';
export { readExactly } from './operators/readExactly.js';
export { readLine } from './operators/readLine.js';
export { readUntil, type LimitOptions } from './operators/readUntil.js';
export { serve, type ServeOptions } from './operators/serve.js';
export { useConnection, type ConnectionHandler } from './operators/useConnection.js';
