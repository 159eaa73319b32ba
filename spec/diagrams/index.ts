import type { MarbleCase } from './MarbleCase.js';
import {
  decodeCases,
  readExactlyCases,
  readLineCases,
  readUntilCases,
  serveCases,
  useConnectionCases,
} from './operators.js';
import { readerCases } from './reader.js';
import { framedCases, sendAllCases, writeToCases } from './writing.js';

/** All that is drawn: `npm run diagrams`. */
export const diagrams: readonly MarbleCase[] = [
  ...decodeCases,
  ...readUntilCases,
  ...readExactlyCases,
  ...readLineCases,
  ...useConnectionCases,
  ...serveCases,
  ...readerCases,
  ...writeToCases,
  ...sendAllCases,
  ...framedCases,
].filter(({ diagram }) => diagram !== undefined);
