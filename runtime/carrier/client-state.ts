import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/**
 * What travels with a call through the carrier and comes back in each of its webhooks, so that any
 * pod knows whose call it is, even without Redis. Signed: the carrier's portal shows it.
 */
const clientStateSchema = z.object({
  tenantID: z.uuid(),
  callID: z.uuid(),
  shard: z.string(),
  /** Epoch ms of call.answered; absent in what `answer` itself carries. */
  answeredAtMs: z.number().int().optional(),
  /** The generation of the stream it was sent with; absent before the first. */
  generation: z.number().int().nonnegative().optional(),
  workflow: z.string().optional(),
  /** On a leg that we dialled: `callID` is then the call that it was dialled for. */
  leg: z.literal(true).optional(),
  /** On such a leg: its person is asked first, so nobody but us ends it before the two are connected. */
  asked: z.literal(true).optional(),
  /** On the caller's leg: the carrier has taken the command to connect it with that person. */
  bridged: z.literal(true).optional(),
});

export type ClientState = z.output<typeof clientStateSchema>;

const signedSchema = z.object({ state: z.string(), signature: z.string() });

/** Base64, as the carrier wants it. */
export function encodeClientState(state: ClientState, secret: string): string {
  const text = JSON.stringify(state);
  return Buffer.from(JSON.stringify({ state: text, signature: sign(text, secret) })).toString('base64');
}

/** Undefined for what is absent, malformed or not signed by us. */
export function decodeClientState(encoded: string | undefined, secret: string): ClientState | undefined {
  const signed = signedSchema.safeParse(parseJSON(Buffer.from(encoded ?? '', 'base64').toString()));
  if (!signed.success) return undefined;
  const expected = Buffer.from(sign(signed.data.state, secret));
  const given = Buffer.from(signed.data.signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return clientStateSchema.safeParse(parseJSON(signed.data.state)).data;
}

function sign(text: string, secret: string): string {
  return createHmac('sha256', secret).update(`client-state|${text}`).digest('base64url');
}

function parseJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
