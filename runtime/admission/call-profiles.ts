import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { ToolTokens } from '#runtime/tools/tool-tokens.ts';
import type { Routing } from './routing.ts';

export interface CallProfilesOptions {
  readonly routing: Pick<Routing, 'tenantOfCall' | 'knowledgeOf'>;
  readonly toolTokens: Pick<ToolTokens, 'tokensOf'>;
  readonly log: Logger;
}

/** What a tenant is for the conversations of its calls: its profile, and what that only refers to. */
export class CallProfiles {
  readonly #options: CallProfilesOptions;

  constructor(options: CallProfilesOptions) {
    this.#options = options;
  }

  /** Undefined for a tenant that is nowhere to be read. Throws as Routing does. */
  async of(tenantID: string): Promise<TenantProfile | undefined> {
    const profile = await this.#options.routing.tenantOfCall(tenantID);
    if (!profile) return undefined;
    const [tools, knowledge] = await Promise.all([this.#usableTools(profile), this.#knowledge(profile)]);
    return { ...profile, tools, knowledge };
  }

  /** What the Tenant itself says comes first. A call goes on without what cannot be read. */
  async #knowledge({
    tenantID,
    knowledge,
    knowledgeFrom,
  }: TenantProfile): Promise<TenantProfile['knowledge']> {
    if (knowledgeFrom.length === 0) return knowledge;
    const { routing, log } = this.#options;
    try {
      return [...knowledge, ...((await routing.knowledgeOf(tenantID))?.articles ?? [])];
    } catch (error) {
      log.warn({ err: error, tenantID }, 'the knowledge of a tenant could not be read');
      return knowledge;
    }
  }

  /** A language model must not promise callers what cannot be done without a token. */
  async #usableTools({ tenantID, tools }: TenantProfile): Promise<TenantProfile['tools']> {
    if (tools.every(({ secretRef }) => secretRef === undefined)) return tools;
    const tokens = await this.#options.toolTokens.tokensOf(tenantID, tools);
    return tools.filter(({ name, secretRef }) => secretRef === undefined || tokens.has(name));
  }
}
