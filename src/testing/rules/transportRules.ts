import { abortRules } from './abortRules.js';
import { closeRules } from './closeRules.js';
import { extraInfoRules } from './extraInfoRules.js';
import { flowControlRules } from './flowControlRules.js';
import { halfCloseRules } from './halfCloseRules.js';
import { lossRules } from './lossRules.js';
import { receivingRules } from './receivingRules.js';
import { reentrancyRules } from './reentrancyRules.js';
import { releaseRules } from './releaseRules.js';
import { sendingRules } from './sendingRules.js';
import { startRules } from './startRules.js';
import { throwingRules } from './throwingRules.js';
import type { Rule } from './Rule.js';

/** The contract of `Transport`, by concern. @internal */
export const transportRules: readonly Rule[] = [
  ...startRules,
  ...receivingRules,
  ...sendingRules,
  ...flowControlRules,
  ...halfCloseRules,
  ...closeRules,
  ...abortRules,
  ...lossRules,
  ...reentrancyRules,
  ...throwingRules,
  ...releaseRules,
  ...extraInfoRules,
];
