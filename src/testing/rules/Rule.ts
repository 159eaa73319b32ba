import type { TransportTrial } from '../TransportTrial.js';

/** One rule of the transport contract. @internal */
export interface Rule {
  readonly name: string;
  /** Gets the trial twice: to call, and to take apart. */
  readonly check: (trial: TransportTrial, parts: TransportTrial) => Promise<void> | void;
  readonly needs: 'always' | 'reset' | 'halfClose' | 'noHalfClose' | 'progress' | 'throws';
}

/** @internal */
export function rule(name: string, check: Rule['check'], needs: Rule['needs'] = 'always'): Rule {
  return { name, check, needs };
}
