/** Frame lengths in ms of the modes that a packet's first byte names: RFC 6716, section 3.1, table 2. */
const SILK_MS = [10, 20, 40, 60];
const HYBRID_MS = [10, 20];
const CELT_MS = [2.5, 5, 10, 20];
const [FIRST_HYBRID, FIRST_CELT] = [12, 16] as const;

/** How long an Opus packet lasts; undefined for what is none. It is not decoded for that. */
export function opusPacketMs(packet: Uint8Array): number | undefined {
  const [first, second] = packet;
  if (first === undefined) return undefined;
  const frameMs = frameLengthMs(first >> 3);
  const code = first & 3;
  const frames = code === 0 ? 1 : code === 3 ? (second ?? 0) & 63 : 2;
  return frames === 0 ? undefined : frames * frameMs;
}

function frameLengthMs(configuration: number): number {
  if (configuration < FIRST_HYBRID) return SILK_MS[configuration % SILK_MS.length] ?? 0;
  const lengths = configuration < FIRST_CELT ? HYBRID_MS : CELT_MS;
  return lengths[configuration % lengths.length] ?? 0;
}
