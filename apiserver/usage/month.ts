/** The UTC month of a moment (epoch milliseconds), YYYY-MM. */
export function utcMonthOf(epochMs: number): string {
  const date = new Date(epochMs);
  return `${date.getUTCFullYear()}-${String(date.getUTCMonth() + 1).padStart(2, '0')}`;
}
