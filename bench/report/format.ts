/** Three digits, with a prefix for the thousands: 105 k, 13.1 M. */
export function amount(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value >= 999_500) return `${digits(value / 1e6)} M`;
  if (value >= 9995) return `${digits(value / 1e3)} k`;
  return digits(value);
}

export function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(value < 0.0995 ? 3 : 2) : '–';
}

function digits(value: number): string {
  return value >= 99.95 ? value.toFixed(0) : value.toPrecision(3);
}
