export { RecordingReceiver } from '../../src/testing/RecordingReceiver.js';
