/** How many random runs a property with servers makes: FUZZ_RUNS, or `few` where nobody asks for a soak. */
export function fuzzRuns(few: number): number {
  return Number(process.env['FUZZ_RUNS'] ?? few);
}

/** Of the few runs that are made every time. */
const USUAL_SEED = 1;

/**
 * FUZZ_SEED makes a property's runs those of an earlier time, whose failure printed the seed. Where nobody asks
 * for a soak they are the same every time: the tests judge a change, and a soak looks for what nobody knows yet.
 */
export function fuzzSeed(): { readonly seed?: number } {
  const { FUZZ_RUNS: runs, FUZZ_SEED: seed = runs === undefined ? USUAL_SEED : undefined } = process.env;
  return seed === undefined ? {} : { seed: Number(seed) };
}
