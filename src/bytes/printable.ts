/** So many characters of a text are shown. */
const SHOWN = 500;

/**
 * A text to be read by people, of whatever a peer has sent: control characters, line breaks, bidirectional marks and
 * all others that cannot be seen are shown as escapes, and a long one is cut.
 *
 * @internal
 */
export function printable(text: string, most = SHOWN): string {
  const shown = text.length > most ? `${text.slice(0, most)}…` : text;
  return shown.replace(/(?! )[\p{C}\p{Z}\p{DI}\u2800]/gu, (character) => {
    const json = JSON.stringify(character).slice(1, -1);
    return json === character ? `\\u{${character.codePointAt(0)!.toString(16)}}` : json;
  });
}
