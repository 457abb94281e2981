import { openToken } from '#crds/projection/sealed-token.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Routing } from '#runtime/admission/routing.ts';
import type { TenantTool } from './tool-arguments.ts';

export interface ToolTokensOptions {
  readonly routing: Pick<Routing, 'toolTokensOf'>;
  /** With what the operator has sealed them. */
  readonly callTokenSecret: string;
  readonly log: Logger;
}

/** The tokens that tenants' tools are called with, each opened when it is needed and kept nowhere. */
export class ToolTokens {
  readonly #options: ToolTokensOptions;

  constructor(options: ToolTokensOptions) {
    this.#options = options;
  }

  /**
   * The token of a tool as it is now; undefined where there is none that this pod can read, or none for the address
   * and the Secret that the tool has in this call's profile. Never rejects.
   */
  async tokenOf(tenantID: string, tool: TenantTool): Promise<string | undefined> {
    return (await this.tokensOf(tenantID, [tool])).get(tool.name);
  }

  /** The same of all of these tools of a tenant that have one, by name. */
  async tokensOf(tenantID: string, tools: readonly TenantTool[]): Promise<ReadonlyMap<string, string>> {
    const { routing, callTokenSecret, log } = this.#options;
    try {
      const { tokens = {} } = (await routing.toolTokensOf(tenantID)) ?? {};
      const opened = tools.flatMap((tool) => {
        const sealed = tokens[tool.name];
        if (tool.secretRef === undefined || sealed === undefined) return [];
        const token = openToken(callTokenSecret, { tenantID, tool }, sealed);
        if (token === undefined)
          log.warn(
            { tenantID, tool: tool.name },
            'the token of a tool was sealed for other pods or another use',
          );
        return token === undefined ? [] : [[tool.name, token] as const];
      });
      return new Map(opened);
    } catch (error) {
      // A call goes on without its tools; what Redis throws holds no value of a key.
      log.warn({ err: error, tenantID }, 'the tokens of tools could not be read');
      return new Map();
    }
  }
}
