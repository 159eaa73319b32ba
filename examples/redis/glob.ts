/**
 * Whether a text matches a pattern as Redis has them: `*`, `?`, `[abc]`, `[^a-z]`, and `\` before what stands for
 * itself. Not by a regular expression: those that many stars make can take for ever, and the pattern is the client's.
 */
export function globMatches(pattern: string, text: string): boolean {
  const parts = pattern.match(PART) ?? [];
  let part = 0;
  let at = 0;
  // Where to go on when what follows the last star does not match: it takes one character more.
  let star = -1;
  let taken = 0;
  while (at < text.length) {
    if (parts[part] === '*') {
      star = part++;
      taken = at;
    } else if (part < parts.length && partMatches(parts[part]!, text[at]!)) {
      part++;
      at++;
    } else if (star >= 0) {
      part = star + 1;
      at = ++taken;
    } else {
      return false;
    }
  }
  while (parts[part] === '*') part++;
  return part === parts.length;
}

const PART = /\\.|\[(?:\\.|[^\]])*\]?|./gs;

function partMatches(part: string, character: string): boolean {
  if (part === '?') return true;
  if (part.startsWith('[')) return setMatches(part, character);
  return character === (part.length > 1 ? part[1] : part);
}

function setMatches(part: string, character: string): boolean {
  const negated = part[1] === '^';
  const members = part.slice(negated ? 2 : 1).replace(/\]$/, '');
  const ranges = members.match(/\\.|.-.|./gs) ?? [];
  const found = ranges.some((range) => {
    if (range.startsWith('\\')) return character === range[1];
    const [from, to] = [range[0]!, range.at(-1)!].sort();
    return character >= from! && character <= to!;
  });
  return found !== negated;
}
