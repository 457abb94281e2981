import { z } from 'zod';
import type { ApiClient } from './api-client.ts';
import type { CallDetail } from './call-detail.ts';
import { eventually } from './eventually.ts';
import type { Narrator } from './narrator.ts';

const CALL_TIMEOUT_MS = 180_000;
/** From hang-up to the call in Postgres: a second is the product's own target. */
const SETTLED_TIMEOUT_MS = 10_000;

const spokenSchema = z.array(z.object({ text: z.string(), atMs: z.number() }));

const placedCallSchema = z.object({
  id: z.string(),
  state: z.string(),
  hangupCause: z.string().optional(),
  hangupSource: z.string().optional(),
  /** The stereo WAV. */
  recording: z.string().optional(),
  streams: z.array(
    z.object({
      url: z.string(),
      openedAt: z.string().optional(),
      endedAt: z.string().optional(),
    }),
  ),
  caller: z
    .object({
      said: spokenSchema,
      heard: spokenSchema.default([]),
      problems: z.array(z.string()),
      /** What was to befall the pod by now, of a caller who plays a scenario. */
      pods: z.array(z.enum(['dies', 'gives'])).default([]),
    })
    .default({ said: [], heard: [], problems: [], pods: [] }),
});

export type PlacedCall = z.output<typeof placedCallSchema>;

export interface Line {
  /** The control API of the carrier's stand-in. */
  readonly controlURL: string;
  readonly number: string;
}

/** Told of a call each time it is looked at, four times a second, before what is new in it is printed. */
export type Onlooker = (call: PlacedCall) => Promise<void>;

/**
 * Has the stand-in's caller ring the number, and prints what the caller says and hears as it happens.
 * Resolves to the call once it has ended at the carrier.
 */
export async function placeCall(
  narrator: Narrator,
  line: Line,
  { from, caller }: { readonly from: string; readonly caller: object },
  onlooker: Onlooker = async () => undefined,
): Promise<PlacedCall> {
  narrator.title(`A call from ${from} to ${line.number}, as the caller says and roughly understands it`);
  const { id } = await control(line, '/calls', { from, to: line.number, caller });
  let told = 0;
  const call = await eventually('the call to end', CALL_TIMEOUT_MS, async () => {
    const now = await control(line, `/calls/${id}`);
    await onlooker(now);
    const conversation = conversationOf(now);
    for (const { speaker, text, atMs } of conversation.slice(told)) narrator.spoken(speaker, text, atMs);
    told = conversation.length;
    return now.state === 'ended' ? now : undefined;
  });
  for (const problem of call.caller.problems) narrator.text(`The caller had a problem: ${problem}`);
  narrator.text(`The call has ended: ${call.hangupCause} by the ${call.hangupSource}.`);
  return call;
}

/** Both sides as the caller knows them: what was said, and what was heard of the agent, in order. */
function conversationOf({
  caller,
}: PlacedCall): { speaker: 'Agent' | 'Caller'; text: string; atMs: number }[] {
  return [
    ...caller.said.map((spoken) => ({ ...spoken, speaker: 'Caller' as const })),
    ...caller.heard.map((spoken) => ({ ...spoken, speaker: 'Agent' as const })),
  ].sort((a, b) => a.atMs - b.atMs);
}

/** The latest call in the API, once it is settled. */
export function latestCall(api: ApiClient, sinceMs: number): Promise<CallDetail> {
  return eventually('the call to be settled in Postgres', SETTLED_TIMEOUT_MS, async () => {
    const { items } = await api.get<{ items: { id: string; startedAt: string }[] }>('/api/admin/calls');
    const latest = items.find((call) => Date.parse(call.startedAt) >= sinceMs);
    if (!latest) return undefined;
    const call = await api.get<CallDetail>(`/api/admin/calls/${latest.id}`);
    return call.usage ? call : undefined;
  });
}

async function control(line: Line, path: string, body?: object): Promise<PlacedCall> {
  const response = await fetch(`${line.controlURL}${path}`, {
    ...(body === undefined
      ? {}
      : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the stand-in answered ${response.status} to ${path}: ${text}`);
  return placedCallSchema.parse(JSON.parse(text));
}
