import type { VoiceRuntime } from '#crds/voice-runtime/voice-runtime.ts';
import type { Clock } from '#lib/clock/clock.ts';
import { keyOf } from '#lib/kube/kube-object.ts';
import type { CarrierDirectory } from '#operator/carrier/carrier-directory.ts';
import { CarrierError } from '#operator/carrier/number-carrier.ts';
import { isTrue, type Verdict } from '#operator/engine/conditions.ts';
import type { EventRecorder } from '#operator/engine/event-recorder.ts';
import { verdict } from '#operator/world/verdict.ts';
import { type ApplicationClaims, ApplicationTaken, applicationNameOf } from './application-claims.ts';

export interface ApplicationState {
  readonly verdict: Verdict;
  readonly connectionID: string | undefined;
}

interface Question {
  readonly runtime: VoiceRuntime;
  /** What holds while the carrier cannot be asked. */
  readonly before: ApplicationState;
}

/** What was found for a runtime, for which wish, and until when that is good. */
interface Known {
  readonly wish: string;
  readonly untilMs: number;
  readonly state: ApplicationState;
}

/** How often the application is compared with what it should be. */
const CHECK_MS = 300_000;
/** After a failure. */
const RETRY_MS = 15_000;
/** How long a reconcile waits for the carrier: what people change on pods is put right meanwhile. */
const PATIENCE_MS = 500;

/**
 * Keeps each runtime's Call Control application as desired: looked up when its part of the spec has
 * changed and every five minutes, so that what somebody changed at the carrier is put right. A carrier
 * that cannot be asked changes nothing of what is known: calls go on without its API.
 */
export class Applications {
  readonly #carriers: Pick<CarrierDirectory, 'find'>;
  readonly #events: Pick<EventRecorder, 'record'>;
  readonly #clock: Clock;
  readonly #claims: ApplicationClaims;
  readonly #installationID: string;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<ApplicationState>>();
  /** By the name of an application: two runtimes that want the same do not both make it. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(options: {
    readonly carriers: Pick<CarrierDirectory, 'find'>;
    readonly events: Pick<EventRecorder, 'record'>;
    readonly clock: Clock;
    readonly claims: ApplicationClaims;
    readonly installationID: string;
  }) {
    this.#carriers = options.carriers;
    this.#events = options.events;
    this.#clock = options.clock;
    this.#claims = options.claims;
    this.#installationID = options.installationID;
  }

  /**
   * What is known of the application, asked for anew where that is due. A carrier that takes its time
   * is not waited for: the answer is there for a later call.
   */
  async ensure(runtime: VoiceRuntime): Promise<ApplicationState> {
    const key = keyOf(runtime.metadata);
    const wish = wishOf(runtime);
    const known = this.#known.get(key);
    const before = known?.wish === wish ? known.state : foundBefore(runtime);
    if (known?.wish === wish && this.#clock.monotonic() < known.untilMs) return known.state;
    const asking = this.#asking.get(key) ?? this.#begin(key, wish, { runtime, before });
    return this.#within(PATIENCE_MS, asking, before);
  }

  /** One question at a time for a runtime. */
  #begin(key: string, wish: string, question: Question): Promise<ApplicationState> {
    const asking = this.#inTurn(applicationNameOf(question.runtime, this.#installationID), () =>
      this.#ask(question),
    )
      .then((state) => {
        const goodForMs = state.verdict.reason === 'Configured' ? CHECK_MS : RETRY_MS;
        if (this.#asking.get(key) === asking) {
          this.#known.set(key, { wish, untilMs: this.#clock.monotonic() + goodForMs, state });
        }
        return state;
      })
      .finally(() => {
        if (this.#asking.get(key) === asking) this.#asking.delete(key);
      });
    this.#asking.set(key, asking);
    return asking;
  }

  /** An answer that fails after its time is asked for again by the next call, which is told of it. */
  #within(
    timeMs: number,
    answer: Promise<ApplicationState>,
    meanwhile: ApplicationState,
  ): Promise<ApplicationState> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(timeMs, () => resolve(meanwhile));
      answer.then(resolve, reject).finally(cancel);
    });
  }

  /** After all that were asked for before under this name. */
  #inTurn(name: string, ask: () => Promise<ApplicationState>): Promise<ApplicationState> {
    const answer = (this.#turns.get(name) ?? Promise.resolve()).then(ask);
    const leave = () => {
      if (this.#turns.get(name) === ended) this.#turns.delete(name);
    };
    const ended = answer.then(leave, leave);
    this.#turns.set(name, ended);
    return answer;
  }

  forget(key: string): void {
    this.#claims.free(key);
    this.#known.delete(key);
    this.#asking.delete(key);
  }

  async #ask({ runtime, before }: Question): Promise<ApplicationState> {
    const { endpoint } = runtime.spec;
    const kept = runtime.status?.connectionID;
    const no = (reason: Parameters<typeof verdict<'TelnyxConfigured'>>[2], message: string) => ({
      verdict: verdict('TelnyxConfigured', 'False', reason, message),
      connectionID: kept,
    });
    const webhookURL = endpoint?.webhookURL;
    if (webhookURL === undefined) return no('EndpointMissing', 'spec.endpoint.webhookURL is not set.');
    const name = applicationNameOf(runtime, this.#installationID);
    const claim = (connectionID: string) => {
      const holder = this.#claims.take(connectionID, runtime);
      if (holder !== undefined) throw new ApplicationTaken(name, connectionID, holder);
    };
    const found = await this.#carriers.find(runtime);
    if (found.kind !== 'Found') return no(found.kind, found.message);
    try {
      const { connectionID, change } = await found.carrier.ensureApplication({ name, webhookURL }, claim);
      const message = `The application ${name} (${connectionID}) sends its webhooks to ${webhookURL}.`;
      if (change !== 'None') {
        const isCorrection = change === 'Corrected' && isTrue(runtime.status?.conditions, 'TelnyxConfigured');
        this.#events.record(runtime, {
          type: isCorrection ? 'Warning' : 'Normal',
          reason: `Application${change}`,
          message,
        });
      }
      return { verdict: verdict('TelnyxConfigured', 'True', 'Configured', message), connectionID };
    } catch (error) {
      // Numbers assigned to it would be answered by the other's pods.
      if (error instanceof ApplicationTaken)
        return { ...no('ApplicationTaken', error.message), connectionID: undefined };
      if (!(error instanceof CarrierError)) throw error;
      if (error.kind === 'Refused') return no('CarrierRefused', error.message);
      const { status } = before.verdict;
      const meanwhile = status === 'Unknown' ? '' : ' Until then this stays as it was.';
      const message = `${error.message} It is tried again.${meanwhile}`;
      return { ...before, verdict: verdict('TelnyxConfigured', status, 'CarrierUnavailable', message) };
    }
  }
}

/** What of the spec the application depends on: a runtime that is scaled asks the carrier nothing new. */
function wishOf({ spec: { telnyx, endpoint } }: VoiceRuntime): string {
  return JSON.stringify([telnyx.secretRef.name, telnyx.applicationName, endpoint?.webhookURL]);
}

/**
 * What holds until the carrier has answered for the first time: what an earlier operator found for the same
 * spec. A restart would else take a runtime's readiness away for some seconds, and every tenant's with it.
 */
function foundBefore({ metadata, status }: VoiceRuntime): ApplicationState {
  const connectionID = status?.connectionID;
  const found = status?.conditions?.find(({ type }) => type === 'TelnyxConfigured');
  if (found !== undefined && found.observedGeneration === metadata.generation) {
    const { type, status: holds, reason, message } = found;
    return { verdict: { type, status: holds, reason, message }, connectionID };
  }
  const message = 'The carrier has not answered yet.';
  return { verdict: verdict('TelnyxConfigured', 'Unknown', 'CarrierUnavailable', message), connectionID };
}
