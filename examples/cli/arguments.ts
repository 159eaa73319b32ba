/** What the examples are called with, as text: checked before anything is done. */

/** An argument that will not do. The message is all that there is to print. */
export class BadArgument extends Error {
  override readonly name = 'BadArgument';
}

/** A port to connect to; from 0 on one to listen on, where 0 means any that is free. */
export function portFrom(text: string, lowest: 0 | 1 = 1): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (port >= lowest && port <= 65535) return port;
  const shown = Number.isNaN(port) ? JSON.stringify(text) : text;
  throw new BadArgument(`port must be an integer from ${lowest} to 65535, not ${shown}`);
}

export function hostFrom(text: string): string {
  if (!/^[^\s/]+$/.test(text))
    throw new BadArgument(`host must be a name or an address, not ${JSON.stringify(text)}`);
  return text;
}

/** Whether so many arguments fit a usage such as `PORT [MESSAGE]` or `PORT COMMAND …`. */
export function fits(usage: string, count: number): boolean {
  const words = usage.split(' ').filter(Boolean);
  const required = words.filter((word) => /^[A-Z]/.test(word)).length;
  return count >= required && (words.includes('…') || count <= words.length);
}
