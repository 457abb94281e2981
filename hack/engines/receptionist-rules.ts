import { rulesSchema } from './rule-model.ts';

/*
 * A workflow as a model would lead it, whatever it asks for. The runtime's instructions hold a line for each thing to
 * find out, such as `- phone (Phone number; Phone; required; open): "What number …?"`, and a tool's answer says how an
 * answer was taken.
 */
const OPEN = '- (?<field>[\\w-]+) \\([^\\n]*; open\\): "(?<question>[^"\\n]+)"';
/** The instructions were written before the first of them was answered just now. */
const NEXT = `${OPEN.replace('(?<question>[^"\\n]+)', '[^"\\n]+')}[^]*?${OPEN.replace('(?<field>', '(?<next>')}`;
const UNCONFIRMED = '- (?<field>[\\w-]+) \\([^\\n]*; answered, to be confirmed\\)';

const save = { name: 'save_answer', arguments: { field: '$<field>', value: '$<answer>' } };
const finish = { name: 'finish', arguments: {} };

/** A receptionist for callers who answer one question at a time. */
export const receptionistRules = rulesSchema.parse([
  { told: 'read it back as "(?<value>[^"]+)"', says: 'I have $<value>. Is that right?' },
  { told: '^saved', knows: NEXT, says: 'Thank you. $<question>' },
  { told: '^noted', knows: OPEN, says: 'Thank you. $<question>' },
  { told: '^(?:saved|noted)', calls: [finish] },
  { told: 'whole number|ask for it', says: 'What is the whole number please?' },
  { told: 'no answer', knows: OPEN, says: 'Sorry, I did not get that. $<question>' },
  {
    hears: '^(?:yes|yeah|yep|right|correct|that is right)\\b',
    knows: UNCONFIRMED,
    calls: [{ name: 'confirm_answer', arguments: { field: '$<field>' } }],
  },
  {
    hears: '^(?:no|wrong)\\W*(?:that is wrong)?\\W*$',
    knows: UNCONFIRMED,
    says: 'Sorry about that. What is right?',
  },
  { hears: '(?<answer>.+)', knows: UNCONFIRMED, calls: [save] },
  { hears: '^(?:hello|hi|good (?:morning|afternoon|evening))\\W*$', knows: OPEN, says: 'Hello. $<question>' },
  {
    hears: '^(?:what|when|where|who|how|do you|can you|are you)\\b',
    knows: OPEN,
    says: 'Somebody will get back to you about that. $<question>',
  },
  { hears: '(?<answer>.+)', knows: OPEN, calls: [save] },
  { hears: '^(?:no|that is all|nothing)\\b', calls: [finish] },
]);
