/** The port of language models: a conversation in, the assistant's next message out as it is made. */
export interface LanguageModel {
  readonly name: string;
  /**
   * The parts of one answer: any texts and tool calls, perhaps usage, and `finish` as the last. An
   * answer may have neither text nor tool call. A consumer that leaves the loop ends the request.
   * Throws EngineError, or an abort: before the first part nothing was said and nothing is to be done.
   */
  chat(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart>;
  /** Resolves when the model has answered; run before the pod takes calls. */
  warm(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface ChatRequest {
  /** Oldest first. Each `tool` message answers a tool call of an assistant's message before it. */
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ToolDefinition[];
  /** Absent: the model decides whether it calls a tool. */
  readonly toolChoice?: 'auto' | 'none' | 'required';
  /** 0 to 2. */
  readonly temperature: number;
  /** The preferred engine's own name of a model; absent for its default. */
  readonly model?: string | undefined;
  /** Tokens that the answer may have, thoughts included. */
  readonly maxTokens: number;
}

export type ChatMessage =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly toolCalls?: readonly ToolCall[] }
  | { readonly role: 'tool'; readonly toolCallID: string; readonly content: string };

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** A JSON schema of type object. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A call of a tool, whole. Nothing says that the arguments fit the tool's schema. */
export interface ToolCall {
  /** Unique within the answer; servers that give none get one of ours. */
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export type ChatPart =
  /** A piece of what is to be spoken: never thoughts, never empty. It ends with a space where the call of a tool follows. */
  | { readonly type: 'text'; readonly text: string }
  | ({ readonly type: 'toolCall' } & ToolCall)
  /** A tool call whose arguments are no JSON object; `text` is what the model wrote instead. */
  | { readonly type: 'malformedToolCall'; readonly id: string; readonly name: string; readonly text: string }
  | { readonly type: 'usage'; readonly inputTokens: number; readonly outputTokens: number }
  | { readonly type: 'finish'; readonly reason: FinishReason };

/** `length`: cut off at maxTokens, or the context is full. `filtered`: the server withheld the rest. */
export type FinishReason = 'stop' | 'toolCalls' | 'length' | 'filtered';
