/** How many random runs a property with servers makes: FUZZ_RUNS, or `few` where nobody asks for a soak. */
export function fuzzRuns(few: number): number {
  return Number(process.env['FUZZ_RUNS'] ?? few);
}
