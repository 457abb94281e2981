import { createHash } from 'node:crypto';
import type { Clock } from '#lib/clock/clock.ts';
import { unlessAborted } from '#lib/lifecycle/unless-aborted.ts';
import type { Logger } from '#lib/log/logger.ts';
import { type Dial, postJSON } from '#lib/public-web/post-json.ts';
import { type Resolve, resolvePublic } from '#lib/public-web/resolve-public.ts';
import type { ToolCall } from '#runtime/engines/language-model.ts';
import { type TenantTool, wrongArguments } from './tool-arguments.ts';
import {
  answered,
  refused,
  type ToolOutcome,
  type ToolOutcomeKind,
  timedOut,
  unreachable,
} from './tool-outcome.ts';

/**
 * Calls the tools that a tenant has of its own, for the language model. Each call is made at most
 * once, to a public address, within the tool's time; whatever happens is an outcome and never thrown.
 */
export class ToolRunner {
  readonly #options: ToolRunnerOptions;

  constructor(options: ToolRunnerOptions) {
    this.#options = options;
  }

  /** Runs to its end, also where the caller hangs up meanwhile: half a booking helps nobody. */
  async run(request: ToolRequest): Promise<ToolOutcome> {
    const { clock, observer, log } = this.#options;
    const startedMs = clock.monotonic();
    const { callID, tool } = request;
    const run: Run = { ...request, sent: false, status: undefined, code: undefined };
    const outcome = await this.#attempt(run);
    const ms = clock.monotonic() - startedMs;
    observer.finished(outcome.kind, ms);
    const { status, code } = run;
    log.info({ call: callID, tool: tool.name, outcome: outcome.kind, status, code, ms }, 'a tool was called');
    return outcome;
  }

  async #attempt(run: Run): Promise<ToolOutcome> {
    const wrong = wrongArguments(run.tool, run.call.arguments);
    if (wrong !== undefined) return refused(wrong);
    if (run.tool.secretRef && run.token === undefined)
      return refused('This tool needs a token that is not there. It cannot be used now.');
    const ending = new AbortController();
    const cancel = this.#options.clock.after(run.tool.timeoutSeconds * 1000, () => ending.abort(TIME_OUT));
    try {
      return await unlessAborted(this.#ask(run, ending.signal), ending.signal);
    } catch (error) {
      // Whatever the network did, the model is told the little that matters; the log has the code.
      run.code = codeOf(error);
      return ending.signal.reason === TIME_OUT ? timedOut(run.sent) : unreachable(run.sent);
    } finally {
      cancel();
      ending.abort();
    }
  }

  async #ask(run: Run, signal: AbortSignal): Promise<ToolOutcome> {
    const url = URL.parse(run.tool.url);
    const addresses = url && (await resolvePublic(url, this.#options.resolve));
    if (!addresses) return refused('The address of this tool is not a public one. It cannot be used.');
    const answer = await postJSON({
      url,
      addresses,
      dial: this.#options.dial,
      body: JSON.stringify(run.call.arguments),
      headers: headersOf(run),
      signal,
      onSent: () => {
        run.sent = true;
      },
    });
    run.status = answer.status;
    return answered(answer);
  }
}

export interface ToolRunnerOptions {
  readonly clock: Clock;
  readonly resolve: Resolve;
  readonly dial: Dial;
  readonly observer: ToolObserver;
  readonly log: Logger;
}

/** Told of every call, for metrics. */
export interface ToolObserver {
  finished(outcome: ToolOutcomeKind, ms: number): void;
}

export interface ToolRequest {
  readonly callID: string;
  readonly tool: TenantTool;
  readonly call: ToolCall;
  /** For a tool with a `secretRef`. */
  readonly token?: string | undefined;
}

interface Run extends ToolRequest {
  /** Whether the tool may have got the request. */
  sent: boolean;
  status: number | undefined;
  /** The code of what went wrong, such as ENOTFOUND. */
  code: unknown;
}

const TIME_OUT = new Error('the time of a tool is over');

function headersOf(run: Run): Readonly<Record<string, string>> {
  return {
    'idempotency-key': idempotencyKey(run),
    'user-agent': 'veralux-receptionist',
    ...(run.token === undefined ? {} : { authorization: `Bearer ${run.token}` }),
  };
}

/**
 * The same for a call that is sent again by somebody between us and the tool, and for no other: some
 * models number their calls anew with every answer, so the arguments are part of it.
 */
function idempotencyKey({ callID, tool, call }: Run): string {
  const parts = JSON.stringify([callID, call.id, tool.name, call.arguments]);
  return createHash('sha256').update(parts).digest('hex');
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
