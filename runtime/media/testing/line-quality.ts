/** How well `heard` is what was `sent`, both at one rate: by how much it is late, and how loud the rest of it is. */
export interface LineQuality {
  readonly delaySamples: number;
  readonly signalToNoiseDb: number;
}

/** Longer than any codec and filter here delays: 25 ms at 16 kHz. */
const MAX_DELAY_SAMPLES = 400;

/** Aligned where the two are most alike; the level may differ, and does where a codec keeps a little less of it. */
export function lineQuality(sent: Int16Array, heard: Int16Array): LineQuality {
  let best: LineQuality = { delaySamples: 0, signalToNoiseDb: Number.NEGATIVE_INFINITY };
  for (let delaySamples = 0; delaySamples <= MAX_DELAY_SAMPLES; delaySamples++) {
    const signalToNoiseDb = signalToNoiseAt(sent, heard, delaySamples);
    if (signalToNoiseDb > best.signalToNoiseDb) best = { delaySamples, signalToNoiseDb };
  }
  return best;
}

/** The share of `heard` that is a multiple of `sent`, against the rest. */
function signalToNoiseAt(sent: Int16Array, heard: Int16Array, delay: number): number {
  let [product, sentPower, heardPower] = [0, 0, 0];
  const end = Math.min(sent.length, heard.length - delay);
  for (let i = MAX_DELAY_SAMPLES; i < end; i++) {
    const [a, b] = [sent[i] ?? 0, heard[i + delay] ?? 0];
    product += a * b;
    sentPower += a * a;
    heardPower += b * b;
  }
  if (product <= 0) return Number.NEGATIVE_INFINITY;
  const signal = (product * product) / sentPower;
  return 10 * Math.log10(signal / Math.max(heardPower - signal, signal * 1e-10));
}
