import type { ToolDefinition } from '#runtime/engines/language-model.ts';

/** The tools of the tenant's own: booking, customer records. */
export interface TenantTools {
  readonly definitions: readonly ToolDefinition[];
  /** Calls one of them; what the model is to be told of it, also where it failed. Rejects with an abort alone. */
  call(toolCall: ToolCallRequest, signal: AbortSignal): Promise<string>;
}

export interface ToolCallRequest {
  /** Unique within the call. */
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export const NO_TOOLS: TenantTools = {
  definitions: [],
  call: ({ name }) => Promise.resolve(`There is no tool ${name}.`),
};
