import type { PartName } from './live-tenant.ts';

/** What is read and written together, at one path: a part under its own name, or several small ones. */
export interface Section {
  /** As in its path. */
  readonly name: string;
  readonly parts: readonly PartName[];
  /** For people: "Read …", "Replace …". */
  readonly what: string;
  /** Whether it is a list, which is replaced as a whole. */
  readonly isList: boolean;
}

/** The sections below /api/admin/config. Workflows have routes of their own, one by one. */
export const SECTIONS: readonly Section[] = [
  object('assistant', 'how the assistant speaks and behaves'),
  object('businessHours', 'when people are there'),
  object('busy', 'what callers meet when all lines are busy'),
  object('callScreening', 'which calls are declined'),
  list('knowledge', 'the facts that the assistant answers from'),
  list('knowledgeFrom', 'the ConfigMaps with more facts'),
  object('notifications', 'who is told of leads, messages, calls and limits'),
  {
    name: 'profile',
    parts: ['displayName', 'contact', 'timeZone', 'language'],
    what: 'who the company is, where it is and what it speaks',
    isList: false,
  },
  object('recording', 'whether calls are recorded'),
  list('tools', 'the services that the assistant may call'),
  object('transcripts', 'how long transcripts are kept'),
  list('transferTargets', 'whom calls may be handed to'),
];

function object(part: PartName, what: string): Section {
  return { name: part, parts: [part], what, isList: false };
}

function list(part: PartName, what: string): Section {
  return { name: part, parts: [part], what, isList: true };
}
