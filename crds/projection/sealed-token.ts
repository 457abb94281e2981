import { openText, type SealedFor, sealText } from '#lib/sealed/sealed-text.ts';

/**
 * What a token is for: sealed for one tool of one tenant, at one address and out of one Secret, it opens for nothing
 * else. So whoever gives a tool another address, or another Secret, has the token of before sent nowhere.
 */
export interface TokenUse {
  readonly tenantID: string;
  readonly tool: {
    readonly name: string;
    readonly url: string;
    readonly secretRef?: { readonly name: string; readonly key: string } | undefined;
  };
}

/** A token as it may lie in Redis, under a key made of the runtime's CALL_TOKEN_SECRET. The same token gives the same text. */
export function sealToken(callTokenSecret: string, use: TokenUse, token: string): string {
  return sealText(sealedFor(callTokenSecret, use), token);
}

/** Undefined for what was sealed with another secret or for another use, or is not whole. */
export function openToken(callTokenSecret: string, use: TokenUse, sealed: string): string | undefined {
  return openText(sealedFor(callTokenSecret, use), sealed);
}

function sealedFor(secret: string, { tenantID, tool: { name, url, secretRef } }: TokenUse): SealedFor {
  const from = secretRef === undefined ? [] : [secretRef.name, secretRef.key];
  return { secret, purpose: 'veralux tool token', owner: [tenantID, name, url, ...from] };
}
