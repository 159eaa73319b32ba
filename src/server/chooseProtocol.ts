import { CREDIT_PROTOCOL } from '../transports/web/Credits.js';

/**
 * The subprotocol to accept of those that a client offers: the first of the program's names, with credits where they are
 * offered with it; else credits alone; else none.
 *
 * @internal
 */
export function chooseProtocol(
  offered: ReadonlySet<string>,
  names: readonly string[],
  credits: boolean,
): string | false {
  const withCredits = (name: string): string[] => (credits ? [`${CREDIT_PROTOCOL}+${name}`, name] : [name]);
  const wanted = [...names.flatMap(withCredits), ...(credits ? [CREDIT_PROTOCOL] : [])];
  return wanted.find((name) => offered.has(name)) ?? false;
}
