import type { PlayableCall } from './playable-call.ts';

/** Making a grammar of what will be said takes a call of flite a word. */
const TIMEOUT_MS = 30_000;

/** Tells the speech engines what to expect and what to do wrong, for as long as `work` takes. */
export async function withEngineOrders<T>(
  enginesURL: string,
  orders: PlayableCall['engines'],
  work: () => Promise<T>,
): Promise<T> {
  await send(enginesURL, { method: 'PUT', body: JSON.stringify(orders) });
  try {
    return await work();
  } finally {
    await endEngineOrders(enginesURL);
  }
}

/** The engines do their best again, also after a call whose command was ended in the middle of it. */
export async function endEngineOrders(enginesURL: string): Promise<void> {
  await send(enginesURL, { method: 'DELETE' });
}

async function send(enginesURL: string, request: RequestInit): Promise<void> {
  const response = await fetch(`${enginesURL}/_engines/orders`, {
    ...request,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`the engines answered ${response.status} to their orders: ${text}`);
}
