/** A turn of the event loop: after it every promise that could be settled has been, and has told of it. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
