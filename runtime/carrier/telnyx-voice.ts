import type Telnyx from 'telnyx';

type Spoken = NonNullable<Telnyx.Calls.ActionSpeakParams['language']>;

/** What Telnyx's own voices speak, of one language first what is understood wherever it is spoken. */
const SPOKEN = [
  'en-US',
  'en-GB',
  'en-AU',
  'en-IN',
  'es-ES',
  'es-MX',
  'es-US',
  'fr-FR',
  'fr-CA',
  'de-DE',
  'it-IT',
  'pt-BR',
  'pt-PT',
  'nl-NL',
  'da-DK',
  'sv-SE',
  'nb-NO',
  'is-IS',
  'pl-PL',
  'ro-RO',
  'ru-RU',
  'tr-TR',
  'cy-GB',
  'hi-IN',
  'ja-JP',
  'ko-KR',
  'arb',
  'cmn-CN',
] as const satisfies readonly Spoken[];

const VOICES = SPOKEN.map((spoken) => ({ spoken, locale: new Intl.Locale(spoken) }));

/**
 * The language of the voice that reads a text of this BCP 47 tag: its own region's where there is one, else another
 * region's, which is understood; English for what none speaks.
 */
export function spokenLanguageOf(tag: string): Spoken {
  const locale = localeOf(tag);
  const sameLanguage = VOICES.filter((voice) => voice.locale.language === locale?.language);
  const sameRegion = sameLanguage.find((voice) => voice.locale.region === locale?.region);
  return (sameRegion ?? sameLanguage[0])?.spoken ?? 'en-US';
}

function localeOf(tag: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(tag);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
