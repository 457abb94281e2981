import { z } from 'zod';

const pcm = z.literal('pcm');
const common = {
  model: z.string().min(1),
  input: z.string().min(1),
  voice: z.string().min(1),
  response_format: pcm,
  speed: z.number().min(0.25).max(4),
};

/** What each server of speech takes; what it does not know is refused, as OpenAI and pydantic do. */
const requests = {
  openai: z.strictObject(common),
  speaches: z.strictObject({ ...common, sample_rate: z.int().min(8_000).max(48_000).optional() }),
  kokoro: z.strictObject({ ...common, stream: z.literal(true) }),
  captioned: z.strictObject({ ...common, stream: z.literal(true), return_timestamps: z.literal(true) }),
  xtts: z.strictObject({
    text: z.string().min(1),
    language: z.string().regex(/^[a-z]{2}$/),
    speaker_embedding: z.array(z.number()).length(4),
    gpt_cond_latent: z.array(z.array(z.number()).length(2)).min(1),
    add_wav_header: z.literal(false),
    stream_chunk_size: z.string().regex(/^\d+$/),
  }),
} as const;

/** What is wrong with a request to such a server; undefined where nothing is, or for a GET. */
export function wrongInSpeech(server: keyof typeof requests): (body: Buffer) => string | undefined {
  return (body) => {
    if (body.length === 0) return undefined;
    const parsed = requests[server].safeParse(JSON.parse(body.toString()));
    return parsed.success ? undefined : z.prettifyError(parsed.error);
  };
}

/** What XTTS answers to `GET /studio_speakers`, with latents much smaller than its own. */
export const studioSpeakers = {
  'Claribel Dervla': {
    speaker_embedding: [0.1, 0.2, 0.3, 0.4],
    gpt_cond_latent: [
      [1, 2],
      [3, 4],
    ],
  },
  'Andrew Chipper': { speaker_embedding: [0.5, 0.6, 0.7, 0.8], gpt_cond_latent: [[5, 6]] },
};

export function pcmOf(...samples: number[]): Buffer {
  const bytes = Buffer.alloc(samples.length * 2);
  for (const [index, sample] of samples.entries()) bytes.writeInt16LE(sample, index * 2);
  return bytes;
}

/** A WAV file as streaming servers write it: a chunk that nobody needs, and a length of their choice. */
export function streamedWav(
  samples: Buffer,
  options: { rateHz: number; bytes?: number; channels?: number },
): Buffer {
  const format = Buffer.alloc(16);
  format.writeUInt16LE(1, 0);
  format.writeUInt16LE(options.channels ?? 1, 2);
  format.writeUInt32LE(options.rateHz, 4);
  format.writeUInt32LE(options.rateHz * 2, 8);
  format.writeUInt16LE(2, 12);
  format.writeUInt16LE(16, 14);
  return Buffer.concat([
    Buffer.from('RIFF'),
    word(0xffffffff),
    Buffer.from('WAVE'),
    Buffer.from('LIST'),
    word(3),
    Buffer.from('abc\0'),
    Buffer.from('fmt '),
    word(16),
    format,
    Buffer.from('data'),
    word(options.bytes ?? 0xffffffff),
    samples,
  ]);
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
