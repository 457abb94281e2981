/**
 * The media socket's address: `<mediaURL>/media/<pod>/<callID>?generation=<n>`. The carrier repeats
 * the URL in the stream's webhooks, which is how they are told from those of an earlier stream.
 */
export function mediaURLOf(base: string, pod: string, callID: string, generation: number): string {
  const path = `/media/${encodeURIComponent(pod)}/${callID}`;
  return `${base.replace(/\/+$/, '')}${path}?generation=${generation}`;
}

/** The pod and call of an upgrade's path; undefined for any other path. */
export function parseMediaPath(
  requestURL: string | undefined,
): { readonly pod: string; readonly callID: string } | undefined {
  const path = (requestURL ?? '').split('?', 1)[0] ?? '';
  const match = /\/media\/([A-Za-z0-9.-]{1,253})\/([0-9a-f-]{36})$/.exec(path);
  const [, pod, callID] = match ?? [];
  return pod && callID ? { pod, callID } : undefined;
}

/** The generation in a stream's URL; undefined where there is none. */
export function streamGenerationOf(streamURL: string | undefined): number | undefined {
  if (streamURL === undefined || !URL.canParse(streamURL)) return undefined;
  const generation = Number(new URL(streamURL).searchParams.get('generation') ?? Number.NaN);
  return Number.isSafeInteger(generation) && generation > 0 ? generation : undefined;
}
