import type { Engines } from '#runtime/engines/create-engines.ts';

const CLAUSE_MS = 400;
const HUM_HZ = 200;
const LOUDNESS = 4_000;

/** Engines in the form of those of the pod that say and hear nothing, and cost nothing. */
export function hummingEngines({ stt, tts }: Pick<Engines, 'stt' | 'tts'>): Pick<Engines, 'stt' | 'tts'> {
  const nothing = async () => undefined;
  const { sampleRateHz } = tts.capabilities;
  const samples = Int16Array.from({ length: (sampleRateHz * CLAUSE_MS) / 1_000 }, (_, sample) =>
    Math.round(LOUDNESS * Math.sin((2 * Math.PI * HUM_HZ * sample) / sampleRateHz)),
  );
  return {
    stt: {
      name: stt.name,
      capabilities: stt.capabilities,
      transcribe: async () => '',
      warm: nothing,
      close: nothing,
    },
    tts: {
      name: tts.name,
      capabilities: tts.capabilities,
      async *speak() {
        yield { samples };
      },
      warm: nothing,
      close: nothing,
    },
  };
}
