/** A span of OpenTelemetry for each connection of the process, from what it tells the channels of diagnostics. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { SpanKind, SpanStatusCode, type Attributes, type Span, type Tracer } from '@opentelemetry/api';
import { connectionChannels, type ConnectionIdentity, type ConnectionMessages } from 'rxjs-net/node';
import { Subscription } from 'rxjs';

/** Traces connections that are opened from here on. To unsubscribe stops it, and leaves the spans that are open alone. */
export function traceConnections(tracer: Tracer): Subscription {
  const listening = new Subscription();
  // As long as somebody has the connection: what is over is forgotten by itself.
  const spans = new WeakMap<ConnectionIdentity, Span>();

  function on<K extends keyof ConnectionMessages>(
    channel: K,
    listener: (message: ConnectionMessages[K], span: Span | undefined) => void,
  ): void {
    const onMessage = (published: unknown): void => {
      const message = published as ConnectionMessages[K];
      listener(message, message.connection && spans.get(message.connection));
    };
    subscribe(connectionChannels[channel], onMessage);
    listening.add(() => unsubscribe(connectionChannels[channel], onMessage));
  }

  on('open', ({ connection }) => {
    const kind = connection.side === 'server' ? SpanKind.SERVER : SpanKind.CLIENT;
    spans.set(connection, tracer.startSpan('connection', { kind, attributes: addresses(connection) }));
  });
  on('secure', ({ connection }, span) => {
    const version = connection.getExtraInfo('tlsVersion');
    if (version !== undefined) span?.setAttribute('tls.protocol.version', version.replace('TLSv', ''));
  });
  on('pause', ({ side, paused, milliseconds }, span) => {
    span?.addEvent(paused ? 'pause' : 'resume', { side, ...(paused ? {} : { milliseconds }) });
  });
  on('error', ({ error }, span) => {
    if (span !== undefined) fail(span, error);
  });
  on('refuse', ({ connection, error }, span) => {
    if (span !== undefined) fail(span, error);
    if (connection !== undefined) return;
    // There is none: a span for the attempt alone.
    const attempt = tracer.startSpan('connection', { kind: SpanKind.SERVER });
    fail(attempt, error);
    attempt.end();
  });
  on('close', ({ bytesRead, bytesWritten, reason }, span) => {
    span?.setAttributes({
      'rxjs_net.bytes_read': bytesRead,
      'rxjs_net.bytes_written': bytesWritten,
      'rxjs_net.reason': reason,
    });
    span?.end();
  });
  return listening;
}

/** By OpenTelemetry's names for what is known of a socket. */
function addresses(connection: ConnectionIdentity): Attributes {
  const attributes: Attributes = {};
  for (const [end, name] of [
    ['peer', 'peername'],
    ['local', 'sockname'],
  ] as const) {
    const known = connection.getExtraInfo(name);
    if (known === undefined) continue;
    const isUnix = known.family === 'Unix';
    attributes['network.transport'] = isUnix ? 'unix' : 'tcp';
    attributes[`network.${end}.address`] = known.address;
    if (!isUnix) attributes[`network.${end}.port`] = known.port;
  }
  return attributes;
}

function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  span.recordException(error instanceof Error ? error : message);
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
