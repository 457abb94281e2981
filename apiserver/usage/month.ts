/** The UTC month of a moment (epoch milliseconds), YYYY-MM. */
export function utcMonthOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 7);
}
