import { rulesSchema } from './rule-model.ts';

/** Lead Capture as a model would lead it, for callers who say one thing at a time. */
export const receptionistRules = rulesSchema.parse([
  {
    hears: '(?:my name is|this is|i am) (?<name>.+?)[.!]?$',
    says: 'Thank you. What number can we call you back on?',
    calls: [{ name: 'save_answer', arguments: { field: 'name', value: '$<name>' } }],
  },
  {
    hears:
      '(?<phone>this number|(?:\\d[\\d .-]*){7,}|(?:(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\\s*){7,})',
    says: 'Thank you. How can we help you today?',
    calls: [{ name: 'save_answer', arguments: { field: 'phone', value: '$<phone>' } }],
  },
  {
    hears: '(?<reason>.*\\b(?:book|appointment|question|price|quote|repair|help)\\b.*)',
    says: 'I will pass that on.',
    calls: [
      { name: 'save_answer', arguments: { field: 'reason', value: '$<reason>' } },
      { name: 'finish', arguments: {} },
    ],
  },
  {
    hears: '\\b(?:hello|hi|good (?:morning|afternoon|evening))\\b',
    says: 'Hello. May I have your name please?',
  },
  { told: 'read it back as "(?<value>[^"]+)"', says: 'That is $<value>, is that right?' },
]);
