/** `npm run example:angular`: installs and builds what is missing, and serves it until Ctrl+C. */
import { addLibrary, buildServers, install, runScript, startServers } from './angular-example.js';

install();
addLibrary();
runScript('build');
buildServers();
const servers = startServers(process.argv.slice(2), { stdio: 'inherit' });
// Ctrl+C reaches both: this one waits for the other.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  process.on(signal, () => signal === 'SIGTERM' && servers.kill(signal));
}
servers.on('exit', (code) => (process.exitCode = code ?? 1));
