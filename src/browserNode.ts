/**
 * What a bundle for browsers gets in place of `rxjs-net/node`: one sentence that says what to do. The names are there so that
 * a bundler builds, and the page says it, whatever was imported.
 */
throw new Error(
  'rxjs-net/node needs the sockets of Node.js, which a browser does not have: use fromWebSocket, fromWebStreams or fromMessagePort of rxjs-net/web',
);

/** @internal */
export const connectionChannels = undefined;
/** @internal */
export const fromConnection = undefined;
/** @internal */
export const fromDuplex = undefined;
/** @internal */
export const fromServer = undefined;
/** @internal */
export const fromUnixConnection = undefined;
/** @internal */
export const openConnection = undefined;
/** @internal */
export const Server = undefined;
/** @internal */
export const serverConnections$ = undefined;
/** @internal */
export const unixServerConnections$ = undefined;
