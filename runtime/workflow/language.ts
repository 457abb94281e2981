/** The languages that the agent has sentences and ears for, by their BCP 47 primary subtag. */
export const LANGUAGES = ['en', 'es', 'fr', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** The language for a tenant's BCP 47 tag, such as fr-CA; English where we do not speak it. */
export function languageOf(tag: string): Language {
  const primary = tag.toLowerCase().split('-')[0];
  return LANGUAGES.find((language) => language === primary) ?? 'en';
}
