import { EngineError } from '#runtime/engines/engine-error.ts';
import type { ChatMessage, ChatPart, LanguageModel } from '#runtime/engines/language-model.ts';
import { goOn, putQuestion } from '../asking.ts';
import type { DialogueTurn, Outcome, Reply } from '../dialogue.ts';
import { answerTo, openField } from '../form.ts';
import { hearWords } from '../hearing.ts';
import { languageOf } from '../language.ts';
import { type Effect, phrasesOf, type Step, type Talk } from '../talk.ts';
import { instructions } from './instructions.ts';
import { type Arguments, type LeadsTo, modelTools, type ToolResult } from './model-tools.ts';
import { saysMore } from './says-more.ts';
import { Speakable } from './speakable.ts';
import type { TenantTools } from './tenant-tools.ts';

/**
 * One answer of the language model: its text as it comes, its tools run in between. Rounds go on while there are
 * results that the model has to speak of. Where it only saved what the caller said, the workflow knows what comes next,
 * and says it at once: another round would take as long as the first.
 *
 *   ask ── text ──▶ spoken ── no tool, or only saved ──▶ done
 *    ▲   └─ tool ──▶ run ── saved, to be read back, or without a word ──▶ the workflow's words, done
 *    └─ a result to speak of ──┘ └─ another step, such as a transfer ──▶ its words, done
 *
 * Nothing that cannot be taken back happens before the turn is final. Where the model fails before a word of it was
 * written, the step-by-step driver answers instead; later, it puts the question that is open.
 */
export class ModelReply implements Reply {
  readonly #options: ModelReplyOptions;
  #talk: Talk;
  #step: Step | undefined;
  #hasSaid = false;
  /** What tools were told to save, in the caller's words. */
  readonly #saved: string[] = [];
  #fillers = 0;
  readonly text: AsyncIterable<string>;

  constructor(options: ModelReplyOptions) {
    this.#options = options;
    this.#talk = options.talk;
    this.text = this.#write();
  }

  /** Words of the model can be interrupted; those of a step that ends the conversation are its own. */
  get protectedCharacters(): number {
    return this.#step && this.#step.speech.protectedCharacters > 0 ? Number.POSITIVE_INFINITY : 0;
  }

  outcome(): Outcome {
    if (this.#step) return this.#step;
    return { state: stateAfter(this.#talk), effect: LISTEN };
  }

  async *#write(): AsyncGenerator<string, void> {
    try {
      yield* this.#rounds();
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      yield* this.#goOnWithout();
    }
  }

  async *#rounds(): AsyncGenerator<string, void> {
    const messages = this.#messages();
    /** What came of the tools since the model last spoke. */
    const led = new Set<LeadsTo>();
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const answer = yield* this.#askShortened(messages, round);
      if (answer.calls.length === 0) break;
      const toolCalls = answer.calls.map((call) => ({ ...call, arguments: call.arguments ?? {} }));
      messages.push({ role: 'assistant', content: answer.text, toolCalls });
      // What is said before a tool is heard while it runs.
      if (answer.text !== '') {
        led.clear();
        yield sentenceEnd(answer.text);
      }
      for (const call of answer.calls) {
        const result = yield* this.#run(call);
        if (result.kind === 'Step') {
          yield* this.#say(result.step);
          return;
        }
        this.#talk = result.talk;
        led.add(result.leadsTo);
        if (typeof call.arguments?.['value'] === 'string') this.#saved.push(call.arguments['value']);
        messages.push({ role: 'tool', toolCallID: call.id, content: result.text });
      }
      if (this.#isWorkflowsTurn(led)) {
        yield* this.#say(goOn(this.#talk));
        return;
      }
      if (led.has('Nothing') && led.size === 1 && answer.text !== '') break;
    }
    if (!this.#hasSaid) yield* this.#goOnWithout();
  }

  /**
   * Whether the next words are the workflow's: something is to be read back, or the model saved without a word.
   * A caller who said more than that has the model's answer, and so has one who is through with the form.
   */
  #isWorkflowsTurn(led: ReadonlySet<LeadsTo>): boolean {
    const { subject, state } = this.#talk;
    const next = openField(state, subject.workflow);
    if (led.has('Model') || !next) return false;
    if (!this.#hasSaid)
      return !saysMore(this.#options.text, this.#saved, languageOf(subject.profile.language));
    return answerTo(state, next.name)?.status === 'Unconfirmed';
  }

  /** A conversation that is too long for the model is told to it without its beginning. */
  async *#askShortened(messages: ChatMessage[], round: number): AsyncGenerator<string, Answer> {
    try {
      return yield* this.#ask(messages, round);
    } catch (error) {
      const isTooLong = error instanceof EngineError && error.code === 'engine_context_exceeded';
      if (!isTooLong || messages.length <= SHORT_MESSAGES) throw error;
      messages.splice(1, messages.length - SHORT_MESSAGES);
      return yield* this.#ask(messages, round);
    }
  }

  /** One request to the model; its text is given on as it comes. */
  async *#ask(messages: readonly ChatMessage[], round: number): AsyncGenerator<string, Answer> {
    const { model, tools, talk, turn } = this.#options;
    const { assistant } = talk.subject.profile;
    const request = {
      messages,
      tools: [...modelTools(this.#talk).map(({ definition }) => definition), ...tools.definitions],
      // The last round has to speak.
      ...(round === MAX_ROUNDS - 1 ? { toolChoice: 'none' as const } : {}),
      temperature: Number(assistant.temperature),
      model: assistant.model,
      maxTokens: MAX_TOKENS,
    };
    const speakable = new Speakable();
    const answer: Answer = { text: '', calls: [] };
    for await (const part of model.chat(request, turn.signal)) {
      const text = part.type === 'text' ? speakable.push(part.text) : '';
      const call = callIn(part);
      if (call) answer.calls.push(call);
      yield* this.#give(answer, text);
      if (isLong(answer.text) || answer.calls.length >= MAX_CALLS) break;
    }
    yield* this.#give(answer, speakable.flush());
    return answer;
  }

  *#give(answer: Answer, text: string): Generator<string, void> {
    if (text === '') return;
    answer.text += text;
    this.#hasSaid ||= text.trim() !== '';
    yield text;
  }

  async *#run({ id, name, arguments: args }: Call): AsyncGenerator<string, ToolResult> {
    const { tools, turn } = this.#options;
    if (!args) return this.#told('The arguments are no JSON object. Call it again.');
    const own = modelTools(this.#talk).find(({ definition }) => definition.name === name);
    if (own?.isFinal) await turn.committed();
    if (own) return own.run(this.#talk, args);
    if (!tools.definitions.some((tool) => tool.name === name)) return this.#told(`There is no tool ${name}.`);
    await turn.committed();
    // The caller hears that something is going on: at once where the model has not said so, and again while it lasts.
    if (!this.#hasSaid && this.#fillers === 0) yield this.#filler();
    const result = tools.call({ id, name, arguments: args }, turn.signal);
    while (!(await turn.inTime(result))) yield this.#filler();
    return this.#told(await result);
  }

  #filler(): string {
    const { fillers } = phrasesOf(this.#talk);
    const filler = fillers[(this.#talk.state.nextTurn + this.#fillers) % fillers.length] ?? '';
    this.#fillers++;
    return `${filler} `;
  }

  #told(text: string): ToolResult {
    return { kind: 'Told', text, talk: this.#talk, leadsTo: 'Model' };
  }

  *#say(step: Step): Generator<string, void> {
    this.#step = step;
    if (step.speech.text !== '') yield ` ${step.speech.text}`;
  }

  /** What the model has saved stays saved. */
  *#goOnWithout(): Generator<string, void> {
    const { talk, text } = this.#options;
    const hasSaved = this.#talk !== talk;
    if (this.#hasSaid) yield* this.#say(hasSaved ? goOn(this.#talk) : putQuestion(this.#talk));
    else yield* this.#say(hasSaved ? goOn(this.#talk) : hearWords(talk, text));
  }

  #messages(): ChatMessage[] {
    const { talk, text } = this.#options;
    const history = (talk.state.history ?? []).map(
      ({ speaker, text: content }): ChatMessage => ({
        role: speaker === 'Agent' ? 'assistant' : 'user',
        content,
      }),
    );
    return [
      { role: 'system', content: instructions(talk.subject, talk.state) },
      ...history,
      { role: 'user', content: text },
    ];
  }
}

export interface ModelReplyOptions {
  readonly talk: Talk;
  /** What the caller said. */
  readonly text: string;
  readonly turn: DialogueTurn;
  readonly model: LanguageModel;
  readonly tools: TenantTools;
}

interface Answer {
  text: string;
  readonly calls: Call[];
}

interface Call {
  readonly id: string;
  readonly name: string;
  /** Undefined where they were no JSON object. */
  readonly arguments: Arguments | undefined;
}

const LISTEN: Effect = { kind: 'Listen' };
/** A tool, its result and an answer are two; corrections and a second tool fit in. */
const MAX_ROUNDS = 4;
const MAX_CALLS = 8;
/** The instructions, two turns and what the caller has just said. */
const SHORT_MESSAGES = 4;
/** Two or three sentences, and what tools take. */
const MAX_TOKENS = 400;
/** Half a minute of speech: nobody listens to more on the phone. */
const MAX_CHARACTERS = 600;
/** A sentence that is begun by then is waited for. */
const MAX_LAST_SENTENCE = 200;

/** What is missing behind a text for a voice to take it for a whole sentence. */
function sentenceEnd(text: string): string {
  if (!/[.!?…]\s*$/.test(text)) return '. ';
  return /\s$/.test(text) ? '' : ' ';
}

function isLong(text: string): boolean {
  const isSentence = /[.!?…]\s*$/.test(text);
  return text.length > MAX_CHARACTERS + (isSentence ? 0 : MAX_LAST_SENTENCE);
}

function callIn(part: ChatPart): Call | undefined {
  if (part.type === 'toolCall') return { id: part.id, name: part.name, arguments: part.arguments };
  if (part.type === 'malformedToolCall') return { id: part.id, name: part.name, arguments: undefined };
  return undefined;
}

/** The question that is open is noted, so that the other driver can go on at any time. */
function stateAfter(talk: Talk): Talk['state'] {
  if (openField(talk.state, talk.subject.workflow)) return goOn(talk).state;
  const { asking: _, ...rest } = talk.state;
  return { ...rest, phase: 'Collecting', awaiting: 'More', attempts: 0 };
}
