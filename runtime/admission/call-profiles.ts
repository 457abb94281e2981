import type { TenantProfile } from '#crds/projection/tenant-profile.ts';
import type { ToolTokens } from '#runtime/tools/tool-tokens.ts';
import type { Routing } from './routing.ts';

export interface CallProfilesOptions {
  readonly routing: Pick<Routing, 'tenantOfCall'>;
  readonly toolTokens: Pick<ToolTokens, 'tokensOf'>;
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
    return profile && { ...profile, tools: await this.#usableTools(profile) };
  }

  /** A language model must not promise callers what cannot be done without a token. */
  async #usableTools({ tenantID, tools }: TenantProfile): Promise<TenantProfile['tools']> {
    if (tools.every(({ secretRef }) => secretRef === undefined)) return tools;
    const tokens = await this.#options.toolTokens.tokensOf(tenantID);
    return tools.filter(({ name, secretRef }) => secretRef === undefined || tokens.has(name));
  }
}
