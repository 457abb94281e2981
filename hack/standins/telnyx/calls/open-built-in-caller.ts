import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { spokenPart } from '#hack/caller/spoken-part.ts';
import { type Audio, decodeWav } from '#hack/engines/wav.ts';
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
      sentence ??= new CodedAudio(sentenceIn(readFileSync(SENTENCE)));
      return new TalkingCaller(parse(talkingSchema, spec), line, sentence);
    }
    if (others) return others(spec, line);
    if (spec === undefined || spec === null) return openSilentCaller(spec, line);
    throw apiErrors.invalid('There is no such kind of caller here.', '/caller/kind');
  };
}

/** Without the silence at its ends, so that a turn begins and ends with words. */
function sentenceIn(file: Uint8Array): Audio {
  const audio = decodeWav(file);
  return { ...audio, samples: spokenPart(audio.samples) };
}
