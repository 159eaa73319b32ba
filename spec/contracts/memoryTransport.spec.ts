import { MemoryTransport } from '../../src/transports/MemoryTransport.js';
import { contractSpecs } from './contractSpecs.js';

contractSpecs('MemoryTransport', () => MemoryTransport.pair());
