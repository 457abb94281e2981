import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { decodeWav } from '#hack/engines/wav.ts';
import { CodedAudio } from '../media/coded-audio.ts';
import { apiErrors } from '../rest/api-error.ts';
import { parse } from '../rest/page.ts';
import { type OpenCaller, openSilentCaller } from './caller.ts';
import { TalkingCaller, talkingSchema } from './talking-caller.ts';

/** "My name is Alice Johnson", 1.9 s between its first sound and its last. */
const SENTENCE = new URL(
  '../../../../runtime/voice/fixtures/my-name-is-alice-johnson-8khz.wav',
  import.meta.url,
);
const kindSchema = z.object({ kind: z.string() });

/** Callers of kind `talks`; all others are made by `others`, without which a call without a spec is silent. */
export function openBuiltInCaller(others: OpenCaller | undefined): OpenCaller {
  let sentence: CodedAudio | undefined;
  return (spec, line) => {
    const kind = kindSchema.safeParse(spec).data?.kind;
    if (kind === 'talks') {
      sentence ??= new CodedAudio(spokenPart(decodeWav(readFileSync(SENTENCE))));
      return new TalkingCaller(parse(talkingSchema, spec), line, sentence);
    }
    if (others) return others(spec, line);
    if (spec === undefined || spec === null) return openSilentCaller(spec, line);
    throw apiErrors.invalid('There is no such kind of caller here.', '/caller/kind');
  };
}

/** Without the silence at its ends, so that a turn begins and ends with words. */
function spokenPart(audio: ReturnType<typeof decodeWav>): ReturnType<typeof decodeWav> {
  const { samples } = audio;
  const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const spoken = (sample: number) => Math.abs(sample) > loudest * SPOKEN_SHARE;
  return { ...audio, samples: samples.slice(samples.findIndex(spoken), samples.findLastIndex(spoken) + 1) };
}

/** 30 dB below its loudest sample. */
const SPOKEN_SHARE = 0.03;
