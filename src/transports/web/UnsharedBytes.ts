/**
 * Bytes whose memory is not shared with another thread, as the platform's own types ask for them. Before TypeScript 5.7 all
 * bytes are just `Uint8Array`, which has no parameter there; what `slice` returns has the right name in each version.
 */
export type UnsharedBytes = ReturnType<Uint8Array['slice']>;
