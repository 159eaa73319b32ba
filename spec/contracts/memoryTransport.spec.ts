import { MemoryTransport } from '../../src/transports/MemoryTransport.js';
import { transportContract } from './transportContract.js';

transportContract('MemoryTransport', () => Promise.resolve(MemoryTransport.pair()), { resets: true });
