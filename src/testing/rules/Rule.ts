import type { TransportTrial } from '../TransportTrial.js';

/** What a transport has to be able to do for a rule to apply. */
export type Need = 'reset' | 'halfClose' | 'noHalfClose' | 'progress' | 'throws' | 'slowsPeer';

/** One rule of the transport contract. @internal */
export interface Rule {
  readonly name: string;
  /** Gets the trial twice: to call, and to take apart. */
  readonly check: (trial: TransportTrial, parts: TransportTrial) => Promise<void> | void;
  readonly needs: readonly Need[];
}

/** @internal */
export function rule(name: string, check: Rule['check'], ...needs: readonly Need[]): Rule {
  return { name, check, needs };
}
