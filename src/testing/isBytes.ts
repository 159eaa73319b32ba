/** Not `instanceof`: test runners have arrays from other realms. And not any view: others count in other units. @internal */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value && value.BYTES_PER_ELEMENT === 1;
}
