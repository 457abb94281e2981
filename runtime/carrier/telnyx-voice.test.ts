import Telnyx from 'telnyx';
import { expect, test } from 'vitest';
import { postCommand } from './telnyx-command.ts';

/** The language of the voice that reads a text to a caller. */
async function languageReadIn(language: string): Promise<string | undefined> {
  let read: string | undefined;
  const client = new Telnyx({
    apiKey: 'KEY',
    maxRetries: 0,
    fetch: async (_url, init) => {
      const { body } = init ?? {};
      read = (JSON.parse(typeof body === 'string' ? body : '{}') as { language?: string }).language;
      return Response.json({ data: { result: 'ok' } });
    },
  });
  const command = { step: 'speak', carrierCallID: 'v3:a', commandID: 'c', text: 'Hallo.', language } as const;
  const stream = { codec: 'PCMU', sampleRate: 8_000, targetLegs: 'opposite' } as const;
  await postCommand(client, command, { stream, timeoutMs: 1_000 });
  return read;
}

test.each([
  ['en-GB', 'en-GB'],
  ['de', 'de-DE'],
  ['de-AT', 'de-DE'],
  ['DE-ch', 'de-DE'],
  ['fr-CA', 'fr-CA'],
  ['fr-BE', 'fr-FR'],
  ['es-AR', 'es-ES'],
  ['es-mx', 'es-MX'],
  ['en-NZ', 'en-US'],
  ['zh-Hans-CN', 'cmn-CN'],
  ['eu-ES', 'en-US'],
  ['no language at all', 'en-US'],
])('a text in %s is read by a voice for %s', async (language, voice) => {
  expect(await languageReadIn(language)).toBe(voice);
});
