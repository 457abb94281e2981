import { ChatDecoder } from './chat-decoder.ts';
import type { EngineClient } from './engine-client.ts';
import type { EngineErrorCode } from './engine-error.ts';
import type { EngineRequest, Refusal } from './exchange.ts';
import type { ChatMessage, ChatPart, ChatRequest, LanguageModel } from './language-model.ts';

/** Language models by the interface of OpenAI's chat completions: vLLM, Ollama, llama.cpp, hosted ones. */
export class OpenAIChat implements LanguageModel {
  readonly #client: EngineClient;
  readonly #options: OpenAIChatOptions;

  constructor(client: EngineClient, options: OpenAIChatOptions) {
    this.#client = client;
    this.#options = options;
  }

  get name(): string {
    return this.#client.name;
  }

  chat(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPart> {
    const body = JSON.stringify(this.#body(request));
    return this.#client.exchange(
      { request: () => ({ ...QUESTION, body }), decoder: () => new ChatDecoder(this.name), explain },
      signal,
    );
  }

  /** One token: the first request loads the model. */
  async warm(signal: AbortSignal): Promise<void> {
    const warmth = this.chat(
      { messages: [{ role: 'user', content: 'Hello.' }], tools: [], temperature: 0, maxTokens: 1 },
      signal,
    );
    for await (const _ of warmth) signal.throwIfAborted();
  }

  close(): Promise<void> {
    return this.#client.close();
  }

  #body({ messages, tools, toolChoice, temperature, model, maxTokens }: ChatRequest): object {
    return {
      model: model ?? this.#options.model ?? DEFAULT_MODEL,
      messages: messages.map(wireMessage),
      temperature,
      max_tokens: maxTokens,
      stream: true,
      stream_options: { include_usage: true },
      // An empty list of tools is refused by OpenAI and vLLM.
      ...(tools.length === 0
        ? {}
        : {
            tools: tools.map((tool) => ({ type: 'function', function: tool })),
            tool_choice: toolChoice ?? 'auto',
          }),
    };
  }
}

export interface OpenAIChatOptions {
  /** Where the request names none. */
  readonly model?: string | undefined;
}

/** The interface requires a model; servers of a single one take any name. */
const DEFAULT_MODEL = 'default';

const QUESTION = {
  path: '/v1/chat/completions',
  headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
} satisfies EngineRequest;

function wireMessage(message: ChatMessage): object {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.toolCallID, content: message.content };
  }
  if (message.role !== 'assistant' || !message.toolCalls?.length) {
    return { role: message.role, content: message.content };
  }
  return {
    role: 'assistant',
    content: message.content,
    tool_calls: message.toolCalls.map(({ id, name, arguments: args }) => ({
      id,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    })),
  };
}

/**
 * How servers say that the conversation is too long: OpenAI by its code, llama.cpp by its type, vLLM
 * from 0.12 on by the parameter. Ollama says nothing and forgets the oldest messages.
 */
function explain({ status, code, type, param }: Refusal): EngineErrorCode | undefined {
  if (status !== 400 && status !== 413) return undefined;
  const exceeded =
    code === 'context_length_exceeded' || type === 'exceed_context_size_error' || param === 'input_tokens';
  return exceeded ? 'engine_context_exceeded' : undefined;
}
