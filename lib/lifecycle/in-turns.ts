/** So many that what is done with them takes some milliseconds. */
const LOT = 50;

/**
 * Calls `visit` with each item, a lot at a time; between two lots everything else of this process has its
 * turn. Ten thousand at once would hold it up for as long as they take together.
 */
export async function inTurns<T>(
  items: Iterable<T>,
  visit: (item: T) => void,
  signal?: AbortSignal,
): Promise<void> {
  let left = LOT;
  for (const item of items) {
    if (left === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) return;
      left = LOT;
    }
    visit(item);
    left -= 1;
  }
}
