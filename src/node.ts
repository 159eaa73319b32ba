export type { ConnectOptions, ConnectTarget } from './observables/connectSocket.js';
export { fromConnection } from './observables/fromConnection.js';
export { fromDuplex } from './observables/fromDuplex.js';
export { openConnection } from './observables/openConnection.js';
export { fromServer, type ServerOptions } from './server/fromServer.js';
export { Server } from './server/Server.js';
export { serverConnections$, type ServerConnectionsOptions } from './server/serverConnections.js';
