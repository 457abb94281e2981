import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import type { TenantTools, ToolCallRequest } from '#runtime/workflow/model/tenant-tools.ts';
import { type TenantTool, toolDefinitions } from './tool-arguments.ts';
import type { ToolOutcome } from './tool-outcome.ts';
import type { ToolRunner } from './tool-runner.ts';

/**
 * The tenant's tools as one call has them. An interruption ends the wait for a tool and not the tool:
 * where the model calls it again with the same arguments, it is told what came of the first call.
 */
export class ToolsOfCall implements TenantTools {
  readonly definitions;
  readonly #options: ToolsOfCallOptions;
  /** Calls whose outcome the model was not told, by what was called. */
  readonly #untold = new Map<string, Promise<ToolOutcome>>();

  constructor(options: ToolsOfCallOptions) {
    this.#options = options;
    this.definitions = toolDefinitions(options.tools);
  }

  async call(call: ToolCallRequest, signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    const tool = this.#options.tools.find(({ name }) => name === call.name);
    if (!tool) return `There is no tool ${call.name}.`;
    const key = JSON.stringify([call.name, call.arguments]);
    let running = this.#untold.get(key);
    if (!running && this.#untold.size >= MAX_UNTOLD) return 'Too many tools were called and not waited for.';
    running ??= this.#run(key, tool, call);
    const { text } = await unlessAborted(running, signal);
    this.#untold.delete(key);
    return text;
  }

  #run(key: string, tool: TenantTool, call: ToolCallRequest): Promise<ToolOutcome> {
    const running = this.#runWithToken(tool, call);
    this.#untold.set(key, running);
    return running;
  }

  async #runWithToken(tool: TenantTool, call: ToolCallRequest): Promise<ToolOutcome> {
    const { runner, callID, toolToken } = this.#options;
    const token = tool.secretRef ? await toolToken(tool) : undefined;
    return runner.run({ callID, tool, call, token });
  }
}

export interface ToolsOfCallOptions {
  readonly runner: Pick<ToolRunner, 'run'>;
  readonly callID: string;
  readonly tools: readonly TenantTool[];
  /** The token of a tool, as it is now. Never rejects. */
  readonly toolToken: (tool: TenantTool) => Promise<string | undefined>;
}

/** Callers who interrupt more tools than this are not booking anything. */
const MAX_UNTOLD = 16;
