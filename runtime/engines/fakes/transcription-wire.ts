import { z } from 'zod';

const fieldsSchema = z.strictObject({
  file: z.instanceof(File),
  model: z.string().min(1),
  response_format: z.enum(['json', 'verbose_json']),
  language: z.string().regex(/^[a-z]{2}$/),
  temperature: z.literal('0'),
  prompt: z.string().min(1).optional(),
  stream: z.literal('true').optional(),
});

/** The fields of an upload, as a strict server of transcriptions takes them. */
export async function uploadOf(seen: { readonly contentType: string; readonly body: Buffer } | undefined) {
  if (!seen) throw new Error('no request came');
  const response = new Response(new Uint8Array(seen.body), { headers: { 'content-type': seen.contentType } });
  return fieldsSchema.parse(Object.fromEntries(await response.formData()));
}

/** A segment of a verbose transcript as Whisper servers write it. */
export function segment(text: string, sure: { noSpeech?: number; logprob?: number; ratio?: number } = {}) {
  return {
    id: 0,
    start: 0,
    end: 1,
    text,
    avg_logprob: sure.logprob ?? -0.2,
    no_speech_prob: sure.noSpeech ?? 0.02,
    compression_ratio: sure.ratio ?? 1.1,
  };
}
