/** How many random runs a property with servers makes: FUZZ_RUNS, or `few` where nobody asks for a soak. */
export function fuzzRuns(few: number): number {
  return Number(process.env['FUZZ_RUNS'] ?? few);
}

/** FUZZ_SEED makes a property's runs those of an earlier time, whose failure printed the seed. */
export function fuzzSeed(): { readonly seed?: number } {
  const seed = process.env['FUZZ_SEED'];
  return seed === undefined ? {} : { seed: Number(seed) };
}
