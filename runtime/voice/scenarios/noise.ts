/** White noise with peaks up to `peak`, and the same each time: a cough or a door, for callers of scenarios. */
export function noise(samples: number, peak: number): Int16Array<ArrayBuffer> {
  let seed = 1;
  return Int16Array.from({ length: samples }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return (seed / 2_147_483_647 - 0.5) * 2 * peak;
  });
}
