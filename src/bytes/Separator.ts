import { checkBytes } from './check.js';
import { Pattern, patternKey } from './Pattern.js';
import { encodeText } from './text.js';

/** What can be written: bytes, or a string, which goes out as UTF-8. See {@link StreamWriter}. */
export type Data = Uint8Array | string;

/**
 * One separator or several. Of several, the match that ends first wins; of those that end together, the shortest.
 * See {@link delimited}.
 */
export type Separator = Data | readonly Data[];

/** Bytes of memory, about, for the separators that were used before. */
const MOST = 131_072;
const byText = new Map<string, readonly Pattern[]>();
const byBytes = new Map<string, readonly Pattern[]>();
let size = 0;
let lastText: string | undefined;
let last: readonly Pattern[];

/**
 * A separator made ready for the search, once for each spelling, also of a list that is written anew for each call:
 * frames are cut by the same few separators.
 *
 * @internal
 */
export function compileSeparator(separator: Separator): readonly Pattern[] {
  // The same one again is what a protocol mostly asks for.
  if (separator === lastText) return last;
  if (typeof separator === 'string') {
    last = byText.get(separator) ?? keep(byText, separator, encodeText(separator));
    lastText = separator;
    return last;
  }
  if (Array.isArray(separator)) {
    if (separator.length === 0) throw new RangeError('Separator should contain at least one element');
    return (separator as Data[]).map((one) => compileOne(one)[0]!);
  }
  return compileOne(separator as Uint8Array);
}

function compileOne(data: Data): readonly Pattern[] {
  if (typeof data === 'string') return compileSeparator(data);
  // Not by the object, whose bytes may have been changed since.
  const key = patternKey(checkBytes('A separator must be a string or', data));
  return byBytes.get(key) ?? keep(byBytes, key, new Uint8Array(data));
}

// A protocol has a handful; separators made up as one goes (multipart boundaries) must not pile up.
function keep(map: typeof byText, key: string, bytes: Uint8Array): readonly Pattern[] {
  const patterns = [new Pattern(bytes)];
  const { length } = bytes;
  size += 256 + 8 * length;
  if (size > MOST) {
    byText.clear();
    byBytes.clear();
    size = 256 + 8 * length;
  }
  map.set(key, patterns);
  return patterns;
}
