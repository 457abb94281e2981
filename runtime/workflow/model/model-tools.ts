import type { WorkflowField } from '#crds/tenant/workflow.ts';
import type { ToolDefinition } from '#runtime/engines/language-model.ts';
import { fieldAnswer, MAX_VALUE_CHARACTERS } from '../answers/field-answer.ts';
import { readBackOf } from '../answers/read-back.ts';
import { answerContext } from '../call-subject.ts';
import { close, openTargets, type Targets, takeMessage, toTarget } from '../closing.ts';
import { answerTo, openField, withAnswer, withSkipped, withStatus } from '../form.ts';
import { divideKnowledge } from '../knowledge/divide-knowledge.ts';
import { findArticle } from '../knowledge/find-article.ts';
import { languageOf } from '../language.ts';
import type { Step, Talk } from '../talk.ts';

/** What a model can do besides talking: the same things that the step-by-step driver does. */
export interface ModelTool {
  readonly definition: ToolDefinition;
  /** Whether it leads out of the conversation with the model, and so waits until the turn is final. */
  readonly isFinal: boolean;
  readonly run: (talk: Talk, args: Arguments) => ToolResult;
}

export type Arguments = Readonly<Record<string, unknown>>;

/** What the model is told, and the talk after it; or the step with which something else goes on. */
export type ToolResult =
  | { readonly kind: 'Told'; readonly text: string; readonly talk: Talk; readonly leadsTo: LeadsTo }
  | { readonly kind: 'Step'; readonly step: Step };

/**
 * Who has to speak next: the model, of what it was told; the workflow, which reads back; or, where something was said,
 * nobody.
 */
export type LeadsTo = 'Model' | 'ReadBack' | 'Nothing';

/** The tools that make sense for this talk. */
export function modelTools(talk: Talk): readonly ModelTool[] {
  const { fields } = talk.subject.workflow;
  const names = fields.map(({ name }) => name);
  const targets = openTargets(talk.subject);
  return [
    ...(names.length > 0 ? [saveAnswer(names), confirmAnswer(names), skipAnswer(names)] : []),
    ...(targets.length > 0 ? [handOver(targets)] : []),
    ...(divideKnowledge(talk.subject.profile.knowledge).more.length > 0 ? [LOOK_UP] : []),
    MESSAGE,
    FINISH,
  ];
}

const saveAnswer = (names: readonly string[]): ModelTool => ({
  definition: {
    name: 'save_answer',
    description: "Saves the caller's answer to one of the things to find out, or corrects it.",
    parameters: objectOf({
      field: { type: 'string', enum: names },
      value: { type: 'string', description: 'The answer in the words of the caller.' },
    }),
  },
  isFinal: false,
  run(talk, { field: name, value }) {
    const field = fieldOf(talk, name);
    if (!field || typeof value !== 'string')
      return refused(talk, `There is no field ${String(name)}, or no value.`);
    return saved(talk, field, value.slice(0, MAX_VALUE_CHARACTERS));
  },
});

function saved(talk: Talk, field: WorkflowField, spoken: string): ToolResult {
  const { subject, state } = talk;
  const context = answerContext(subject, state);
  const answer = fieldAnswer(field, spoken, context);
  if (answer?.kind !== 'Value') return refused(talk, UNUSABLE[answer?.kind ?? 'Nothing']);
  const answered = withAnswer(state, subject.workflow, field, { value: answer.value, spoken });
  const isOpen = answerTo(answered, field.name)?.status !== undefined;
  const text = isOpen
    ? `Saved. Read it back as "${readBackOf(field.type, answer.value, context)}" and ask whether that is right.`
    : 'Saved.';
  return {
    kind: 'Told',
    text,
    talk: { subject, state: answered },
    leadsTo: isOpen ? 'ReadBack' : 'Nothing',
  };
}

const UNUSABLE = {
  Nothing: 'That is no answer to it. Ask again.',
  Digits: 'That is not a whole number yet. Ask for the rest, and save all of it together.',
  NumberHidden: 'The number of the caller is withheld. Ask for it.',
} as const;

const confirmAnswer = (names: readonly string[]): ModelTool => ({
  definition: {
    name: 'confirm_answer',
    description: 'Notes that the caller has confirmed an answer that was read back.',
    parameters: objectOf({ field: { type: 'string', enum: names } }),
  },
  isFinal: false,
  run(talk, { field: name }) {
    const field = fieldOf(talk, name);
    if (!field || !answerTo(talk.state, field.name))
      return refused(talk, 'There is no answer to be confirmed.');
    return told({ ...talk, state: withStatus(talk.state, field.name, undefined) }, 'Noted.');
  },
});

const skipAnswer = (names: readonly string[]): ModelTool => ({
  definition: {
    name: 'skip_answer',
    description: 'Notes that the caller does not want to, or cannot, answer one of the things to find out.',
    parameters: objectOf({ field: { type: 'string', enum: names } }),
  },
  isFinal: false,
  run(talk, { field: name }) {
    const field = fieldOf(talk, name);
    if (!field) return refused(talk, `There is no field ${String(name)}.`);
    return told({ ...talk, state: withSkipped(talk.state, talk.subject.workflow, field.name) }, 'Noted.');
  },
});

const handOver = (targets: Targets): ModelTool => ({
  definition: {
    name: 'hand_over',
    description:
      'Connects the caller to a person or department, where the caller needs one. Tell the caller before.',
    parameters: objectOf({ target: { type: 'string', enum: namesOf(targets) } }),
  },
  isFinal: true,
  run(talk, { target }) {
    const found = targets.find(({ name }) => name === target);
    return found
      ? { kind: 'Step', step: toTarget(talk, found) }
      : refused(talk, `Nobody of that name can be reached: ${namesOf(targets).join(', ')}.`);
  },
});

const namesOf = (targets: Targets): string[] => targets.map(({ name }) => name);

const LOOK_UP: ModelTool = {
  definition: {
    name: 'look_up_knowledge',
    description:
      'Looks up what is known of the company about a question. Use it before you say that something is not known.',
    parameters: objectOf({
      question: { type: 'string', description: 'What the caller wants to know, in a few words.' },
    }),
  },
  isFinal: false,
  run(talk, { question }) {
    const { knowledge, language } = talk.subject.profile;
    const asked = typeof question === 'string' ? question.slice(0, MAX_VALUE_CHARACTERS) : '';
    const article = findArticle(asked, knowledge, languageOf(language));
    const text = article ? `# ${article.title}\n${article.text}` : 'Nothing is known about that.';
    return { kind: 'Told', text, talk, leadsTo: 'Model' };
  },
};

const MESSAGE: ModelTool = {
  definition: {
    name: 'take_message',
    description: 'Asks the caller for a message in their own words, which is passed on.',
    parameters: objectOf({}),
  },
  isFinal: true,
  run: (talk) => ({ kind: 'Step', step: takeMessage(talk) }),
};

const FINISH: ModelTool = {
  definition: {
    name: 'finish',
    description:
      'Ends the conversation once everything is said and answered. A closing sentence is spoken for you: do not say goodbye yourself.',
    parameters: objectOf({}),
  },
  isFinal: true,
  run(talk) {
    const open = openField(talk.state, talk.subject.workflow);
    if (open?.required)
      return refused(talk, `Not yet: ${open.name} is still to be answered, confirmed or skipped.`);
    return { kind: 'Step', step: close(talk) };
  },
};

function told(talk: Talk, text: string): ToolResult {
  return { kind: 'Told', text, talk, leadsTo: 'Nothing' };
}

function refused(talk: Talk, text: string): ToolResult {
  return { kind: 'Told', text, talk, leadsTo: 'Model' };
}

function fieldOf({ subject }: Talk, name: unknown): WorkflowField | undefined {
  return subject.workflow.fields.find((field) => field.name === name);
}

/** A JSON schema of an object whose properties are all required. */
function objectOf(properties: Readonly<Record<string, object>>): ToolDefinition['parameters'] {
  return { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
}
