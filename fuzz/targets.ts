import type { FuzzTarget } from './FuzzTarget.js';
import { byteQueueTarget } from './targets/byteQueue.js';
import { cobsTarget } from './targets/cobs.js';
import { delimitedTarget } from './targets/delimited.js';
import { fixedLengthTarget } from './targets/fixedLength.js';
import { generatorTarget } from './targets/generator.js';
import { jsonTarget } from './targets/json.js';
import { lengthPrefixedTarget } from './targets/lengthPrefixed.js';
import { linesTarget } from './targets/lines.js';
import { jsonMessagesTarget, messagesTarget } from './targets/messages.js';
import { netstringTarget } from './targets/netstring.js';
import { proxyHeaderTarget } from './targets/proxyHeader.js';
import { readerTarget } from './targets/reader.js';
import { slipTarget } from './targets/slip.js';

/** All that is fuzzed. A decoder's target has the name under which the package exports it. */
export const targets: readonly FuzzTarget[] = [
  ...[byteQueueTarget, cobsTarget, delimitedTarget, fixedLengthTarget, generatorTarget, jsonTarget],
  ...[jsonMessagesTarget, lengthPrefixedTarget, linesTarget, messagesTarget, netstringTarget],
  ...[proxyHeaderTarget, readerTarget, slipTarget],
];
