import type { Clock } from '#lib/clock/clock.ts';
import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import { type Answer, type Dial, postJSON } from '#lib/public-web/post-json.ts';
import { type Resolve, resolvePublic } from '#lib/public-web/resolve-public.ts';
import type { Attempted } from './deliver.ts';

export interface PostDeps {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly dial: Dial;
}

export interface WebhookPost {
  readonly url: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** All included: name, connection, request and answer. Far below the time that a job has. */
const TIMEOUT_MS = 10_000;
const TIME_OUT = new Error('the time of a webhook is over');

/** One POST to a tenant's receiver, and what its answer means. Never throws. */
export async function postWebhook(deps: PostDeps, post: WebhookPost): Promise<Attempted> {
  const ending = new AbortController();
  const cancel = deps.clock.after(TIMEOUT_MS, () => ending.abort(TIME_OUT));
  try {
    const answer = await unlessAborted(ask(deps, post, ending.signal), ending.signal);
    return answer ? meaningOf(answer) : { kind: 'Hopeless', error: 'address_not_public' };
  } catch (error) {
    return { kind: 'Failed', error: error === TIME_OUT ? 'timed_out' : (codeOf(error) ?? 'unreachable') };
  } finally {
    cancel();
    ending.abort();
  }
}

/** Undefined where the URL leads to what is not public. */
async function ask(
  { resolve, dial }: PostDeps,
  { url: text, body, headers }: WebhookPost,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const url = URL.parse(text);
  const addresses = url && (await resolvePublic(url, resolve));
  if (!addresses) return undefined;
  const unused = { onSent: () => undefined, maxAnswerBytes: 0 };
  return postJSON({ url, addresses, dial, body, headers, signal, ...unused });
}

/**
 * The status says it all. As Standard Webhooks has it: 2xx is delivered, 410 wants no more, and a redirect is a failure
 * like all others.
 */
function meaningOf({ status }: Answer): Attempted {
  if (status >= 200 && status < 300) return { kind: 'Delivered', status };
  return status === 410
    ? { kind: 'Hopeless', error: 'gone', status }
    : { kind: 'Failed', error: 'bad_answer', status };
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
