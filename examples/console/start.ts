/** Serves the console of examples/angular: `npm run example:angular` runs it with the folder of its build. */
import { defer, fromEvent, merge, takeUntil } from 'rxjs';
import { portFrom } from '../cli/arguments.js';
import { consoleServers } from './servers.js';

const [folder = '.', pagePort = '0', gatewayPort = '0'] = process.argv.slice(2);

defer(() => consoleServers(folder, portFrom(pagePort, 0), portFrom(gatewayPort, 0)))
  .pipe(takeUntil(merge(fromEvent(process, 'SIGINT'), fromEvent(process, 'SIGTERM'))))
  .subscribe({
    next({ url, gatewayUrl, targets }) {
      console.log(`The gateway at ${gatewayUrl} leads to ${targets.join(', ')}`);
      if (!targets.includes('redis')) console.log('There is no redis-server on this machine');
      console.log(`The console is at ${url}; Ctrl+C stops all`);
    },
    error(error: unknown) {
      console.error(String(error));
      process.exitCode = 1;
    },
  });
