import { CREDIT_PROTOCOL, withCredits } from '../transports/web/creditProtocol.js';

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
  const wanted = credits ? [...names.flatMap((name) => [withCredits(name), name]), CREDIT_PROTOCOL] : names;
  return wanted.find((name) => offered.has(name)) ?? false;
}
