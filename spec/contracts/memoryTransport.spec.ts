import { MemoryTransport } from '../../src/transports/memory/MemoryTransport.js';
import { contractSpecs } from './contractSpecs.js';

contractSpecs('MemoryTransport', () => MemoryTransport.pair(), { reportsThrows: true });
