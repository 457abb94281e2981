import type { Destination } from '#hack/standins/telnyx/calls/destinations.ts';
import type { Scenario } from '#runtime/voice/scenarios/scenario.ts';

const TIMEOUT_MS = 5_000;
/** A person who is reached talks for so long, and hangs up. */
const TALK_MS = 3_000;

/** Where they are asked, they hear a few words first. */
const ANSWERS = { kind: 'answers', afterMs: 1_000, pressesAfterMs: 3_000, talksMs: TALK_MS } as const;

const DESTINATIONS: Readonly<Record<Scenario['transfer'], Destination>> = {
  answered: { ...ANSWERS, presses: '1' },
  declined: { ...ANSWERS, presses: '2' },
  voicemail: ANSWERS,
  refused: ANSWERS,
  unanswered: { kind: 'noAnswer' },
};

/** Has the persons of a scenario, at the carrier's stand-in, take the calls that are transferred to them, or not. */
export async function arrangeTransfers(
  controlURL: string,
  { transfer }: Pick<Scenario, 'transfer'>,
  numbers: readonly string[],
): Promise<void> {
  for (const number of numbers)
    await ask(controlURL, 'PUT', `/destinations/${number}`, DESTINATIONS[transfer]);
  await ask(controlURL, 'DELETE', '/faults');
  if (transfer !== 'refused') return;
  // Of a kind that is not tried again.
  const fault = { kind: 'status', status: 422 };
  for (const at of ['POST /v2/calls/*/actions/transfer', 'POST /v2/calls'])
    await ask(controlURL, 'POST', '/faults', { at, fault });
}

async function ask(controlURL: string, method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`${controlURL}${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the stand-in answered ${response.status} to ${method} ${path}: ${text}`);
}
