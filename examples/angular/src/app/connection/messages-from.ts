import { isPlatformBrowser } from '@angular/common';
import { inject, PLATFORM_ID } from '@angular/core';
import { reconnecting, type DecoderFactory } from 'rxjs-net';
import { EMPTY, type Observable } from 'rxjs';
import { CONNECT, RECONNECT } from './connect';

/**
 * What a server sends, on a connection that is made again when it is lost. Call it where `inject` may be called; with
 * `toSignal` around it the connection ends with the component. On a server it opens nothing.
 */
export function messagesFrom<T>(target: string, decoder: DecoderFactory<T>): Observable<T> {
  const connect = inject(CONNECT);
  const options = inject(RECONNECT);
  if (!isPlatformBrowser(inject(PLATFORM_ID))) return EMPTY;
  return reconnecting(connect(target), ({ reader }) => reader.frames(decoder), {
    ...options,
    onComplete: 'reconnect',
  });
}
