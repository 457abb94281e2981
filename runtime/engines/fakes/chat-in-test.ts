import type { ChatPart, ChatRequest, LanguageModel } from '../language-model.ts';
import { OpenAIChat } from '../openai-chat.ts';
import { wrongInChat } from './chat-wire.ts';
import { type Answer, type EngineServerOptions, engineServer } from './engine-server.ts';

export const never = new AbortController().signal;

export const request: ChatRequest = {
  messages: [{ role: 'user', content: 'Hello.' }],
  tools: [],
  temperature: 0.3,
  maxTokens: 200,
};

type Server = Awaited<ReturnType<typeof engineServer>>;
const servers: Server[] = [];

/** A model at a strict server that answers by the script. */
export async function setUpChat(script: Answer[], options: EngineServerOptions = {}) {
  const server = await engineServer(script, { wrong: wrongInChat, ...options });
  servers.push(server);
  return { server, model: new OpenAIChat(server.client, {}) };
}

export async function closeChats(): Promise<void> {
  for (const server of servers.splice(0)) await server.close();
}

export async function answer(model: LanguageModel, signal = never, to = request): Promise<ChatPart[]> {
  const parts: ChatPart[] = [];
  for await (const part of model.chat(to, signal)) parts.push(part);
  return parts;
}

/** The answer with its pieces of text joined. */
export async function summary(script: Answer[]) {
  const { model } = await setUpChat(script);
  const parts = await answer(model);
  return {
    text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
    rest: parts.filter(({ type }) => type !== 'text'),
  };
}
