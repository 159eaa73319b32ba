/** More than the system holds of a peer that reads nothing. One for all: it is not what is looked at. */
export const BULK = Buffer.alloc(6 * 2 ** 20, 'x');
