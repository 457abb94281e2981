import { sealToken } from '#crds/projection/sealed-token.ts';
import type { ToolTokens } from '#crds/projection/tool-tokens.ts';
import type { TenantSpec } from '#crds/tenant/tenant.ts';
import { FIELD_MANAGER, LABELS } from '#operator/installation/names.ts';
import type { SharedSecret } from '#operator/world/secret-refusal.ts';
import type { Problem } from './problem.ts';

export type TokenTool = TenantSpec['tools'][number] & {
  readonly secretRef: NonNullable<TenantSpec['tools'][number]['secretRef']>;
};

/** Above any token that services give, and well below what their servers take as a header. */
const MAX_TOKEN_CHARACTERS = 4_096;

/** The tools that are called with a token. */
export function toolsWithToken({ tools }: Pick<TenantSpec, 'tools'>): readonly TokenTool[] {
  return tools.filter((tool): tool is TokenTool => tool.secretRef !== undefined);
}

export type FoundToken =
  | { readonly kind: 'Token'; readonly token: string }
  | { readonly kind: 'Problem'; readonly problem: Problem };

/** The token of a tool in the Secret that it names, or why there is none that could be sent. */
export function tokenIn(
  secret: SharedSecret | undefined,
  { name: tool, secretRef }: TokenTool,
  namespace: string,
): FoundToken {
  const { name, key } = secretRef;
  const problem = (reason: Problem['reason'], what: string): FoundToken => ({
    kind: 'Problem',
    problem: {
      reason,
      message: `spec.tools[${tool}].secretRef: ${what} Until then the tool is not offered on calls.`,
    },
  });
  if (secret === undefined) {
    return problem(
      'SecretNotFound',
      `there is no Secret ${name} in ${namespace}. Make it, with the key ${key}.`,
    );
  }
  // It would give the tenant's servers what the tenant itself was never shown.
  if (secret.metadata.labels?.[LABELS.managedBy] === FIELD_MANAGER) {
    return problem('SecretNotFound', `the Secret ${name} is the operator's own. Name another.`);
  }
  const value = secret.data?.[key];
  if (value === undefined) return problem('SecretIncomplete', `the Secret ${name} has no ${key}. Add it.`);
  const token = Buffer.from(value, 'base64').toString('utf8').trim();
  // What is sent as a header is of visible ASCII (RFC 9110, 5.5); a token with a space in it is none (RFC 6750, 2.1).
  if (/^[!-~]+$/.test(token) && token.length <= MAX_TOKEN_CHARACTERS) return { kind: 'Token', token };
  return problem(
    'SecretIncomplete',
    `${key} of the Secret ${name} is no token: 1 to ${MAX_TOKEN_CHARACTERS} visible characters, without spaces. Correct it.`,
  );
}

/** What goes to Redis. */
export function sealedTokens(
  tenantID: string,
  tokens: ReadonlyMap<TokenTool, string>,
  callTokenSecret: string,
): ToolTokens {
  const sealed = [...tokens].map(([tool, token]) => [
    tool.name,
    sealToken(callTokenSecret, { tenantID, tool }, token),
  ]);
  return { schemaVersion: 1, tenantID, tokens: Object.fromEntries(sealed) };
}
