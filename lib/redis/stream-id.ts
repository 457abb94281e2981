/** Before the first entry of any stream. */
export const FIRST_STREAM_ID = '0-0';

/** Whether stream id `a` comes after `b`. */
export function isAfterStreamID(a: string, b: string): boolean {
  const [aMs, aSeq] = a.split('-').map(Number);
  const [bMs, bSeq] = b.split('-').map(Number);
  return aMs === bMs ? (aSeq ?? 0) > (bSeq ?? 0) : (aMs ?? 0) > (bMs ?? 0);
}
