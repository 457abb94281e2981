import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '#lib/clock/clock.ts';
import { type Problem, sendProblem } from '#lib/http/problem.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { StoredCall } from '#runtime/call/call-record.ts';
import type { RuntimeMetrics } from '#runtime/runtime-metrics.ts';
import { parseCarrierWebhook } from './carrier-webhook.ts';
import { type SignatureFault, signatureFault } from './verify-signature.ts';
import type { WebhookRouter } from './webhook-router.ts';

export const WEBHOOK_PATH = '/webhooks/telnyx';
/** Far above the largest webhook of a call, which is a few KiB. */
const MAX_BODY_BYTES = 256 * 1024;

export interface WebhookEndpointOptions {
  readonly key: KeyObject;
  readonly router: Pick<WebhookRouter, 'route'>;
  /** Carries out the stored next command; called after the reply. */
  readonly drive: (call: StoredCall) => void;
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
}

/**
 * POST /webhooks/telnyx. 200 only after the transition is stored; 401 changes nothing; 503 asks the
 * carrier to deliver again (it tries 6 times in all).
 */
export class WebhookEndpoint {
  readonly #options: WebhookEndpointOptions;

  constructor(options: WebhookEndpointOptions) {
    this.#options = options;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') return this.#refuse(response, METHOD_NOT_ALLOWED);
    const rawBody = await readBody(request);
    if (rawBody === 'TooLarge') return this.#refuse(response, TOO_LARGE);
    if (rawBody === 'Aborted') return undefined;
    const { key, clock } = this.#options;
    const fault = signatureFault({ headers: request.headers, rawBody }, key, clock.now());
    if (fault) return this.#refuse(response, { ...UNAUTHORISED, detail: FAULTS[fault] });
    return this.#take(rawBody, response);
  }

  async #take(rawBody: Buffer, response: ServerResponse): Promise<void> {
    const { router, drive, log, metrics } = this.#options;
    const webhook = parseCarrierWebhook(rawBody);
    if (!webhook) return this.#refuse(response, MALFORMED);
    try {
      const { outcome, call } = await router.route(webhook);
      metrics.webhooks.inc({ event: webhook.event, outcome });
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"received":true}');
      if (call) drive(call);
    } catch (error) {
      log.error({ err: error, event: webhook.event }, 'a webhook could not be taken');
      metrics.webhooks.inc({ event: webhook.event, outcome: 'Failed' });
      sendProblem(response, UNAVAILABLE);
    }
    return undefined;
  }

  #refuse(response: ServerResponse, problem: Problem): void {
    this.#options.metrics.webhooks.inc({ event: 'unknown', outcome: problem.code });
    // What is left of an unread body must not be taken for the next request.
    if (problem === TOO_LARGE) response.setHeader('connection', 'close');
    sendProblem(response, problem);
  }
}

const METHOD_NOT_ALLOWED = {
  status: 405,
  code: 'method_not_allowed',
  title: 'Webhooks are sent by POST.',
} as const;
const TOO_LARGE = { status: 413, code: 'body_too_large', title: 'The body is larger than 256 KiB.' } as const;
const UNAUTHORISED = {
  status: 401,
  code: 'signature_invalid',
  title: "The webhook is not signed with the account's key, for this moment.",
} as const;
const MALFORMED = {
  status: 400,
  code: 'webhook_malformed',
  title: 'The body is not a webhook of API version 2.',
} as const;
const UNAVAILABLE = {
  status: 503,
  code: 'not_stored',
  title: 'The event could not be taken. Deliver it again.',
} as const;

const FAULTS: Readonly<Record<SignatureFault, string>> = {
  Missing: 'The headers telnyx-signature-ed25519 and telnyx-timestamp are required.',
  Malformed: 'The signature is not 64 bytes of base64, or the timestamp is not in Unix seconds.',
  Stale: 'The timestamp is more than 300 seconds from now.',
  Forged: 'The signature does not match the body.',
};

/** The raw body; the reading ends as soon as it is too large. */
async function readBody(request: IncomingMessage): Promise<Buffer | 'TooLarge' | 'Aborted'> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > MAX_BODY_BYTES) return 'TooLarge';
      chunks.push(chunk as Buffer);
    }
  } catch {
    // The peer went away in the middle: there is nobody to answer.
    return 'Aborted';
  }
  return Buffer.concat(chunks);
}
