import { randomUUID } from 'node:crypto';
import { jsonOf } from './json-of.ts';
import type { ChatPart } from './language-model.ts';

/**
 * Puts tool calls together from the pieces of a streamed answer. Servers differ: OpenAI and vLLM send
 * the name first and the arguments in pieces by `index`; Ollama sends each call whole, with the same
 * index for all, or none; some repeat the id with every piece; some send arguments as an object.
 */
export class ToolCallPieces {
  readonly #calls: Begun[] = [];

  push(piece: ToolCallPiece): void {
    const call = this.#callOf(piece) ?? this.#begin(piece);
    call.id ||= piece.id ?? '';
    call.name ||= piece.function?.name ?? '';
    const text = piece.function?.arguments ?? '';
    call.text += typeof text === 'string' ? text : JSON.stringify(text);
  }

  /** The calls, whole; afterwards there are none. */
  take(): ChatPart[] {
    return this.#calls.splice(0).map(({ id, name, text }) => {
      const call = { id: id || `call_${randomUUID()}`, name };
      const parsed = parseArguments(text);
      return parsed
        ? { type: 'toolCall', ...call, arguments: parsed }
        : { type: 'malformedToolCall', ...call, text };
    });
  }

  /** The call that the piece goes on with. An id of its own, or a second name, begins another call. */
  #callOf({ index, id, function: fn }: ToolCallPiece): Begun | undefined {
    if (id) {
      const same = this.#calls.find((call) => call.id === id);
      if (same) return same;
    }
    const last = this.#calls.findLast((call) => index === undefined || call.index === index);
    const another = (id && last?.id) || (fn?.name && last?.name);
    return another ? undefined : last;
  }

  #begin({ index }: ToolCallPiece): Begun {
    const call = { index, id: '', name: '', text: '' };
    this.#calls.push(call);
    return call;
  }
}

export interface ToolCallPiece {
  readonly index?: number | undefined;
  readonly id?: string | undefined;
  readonly function?:
    | {
        readonly name?: string | undefined;
        readonly arguments?: string | Readonly<Record<string, unknown>> | undefined;
      }
    | undefined;
}

interface Begun {
  readonly index: number | undefined;
  id: string;
  name: string;
  text: string;
}

/** A call without arguments may have an empty text; anything but a JSON object is undefined. */
function parseArguments(text: string): Record<string, unknown> | undefined {
  if (text.trim() === '') return {};
  const value = jsonOf(text);
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
