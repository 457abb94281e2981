import { z } from 'zod';
import type { Destination } from '../calls/transfers.ts';
import type { FaultRule } from '../faults/fault-table.ts';
import type { Profile, SettingsPatch } from '../settings.ts';
import { type CallLedger, callLedgerSchema } from './call-ledger.ts';
import type { PlacedCall } from './control.ts';
import { ControlError } from './control-error.ts';

const TIMEOUT_MS = 10_000;
const placedSchema = z.object({ id: z.string(), callControlID: z.string() });

/** The control API for other processes: what `Control` does, over HTTP. Throws ControlError for a refusal. */
export class ControlClient {
  readonly #baseURL: string;

  /** `http://host:port/_standin`. */
  constructor(baseURL: string) {
    this.#baseURL = baseURL;
  }

  async placeCall(call: PlacedCall): Promise<{ readonly id: string; readonly callControlID: string }> {
    return placedSchema.parse(await this.#send('POST', '/calls', call));
  }

  async callerHangsUp(id: string): Promise<void> {
    await this.#send('POST', `/calls/${encodeURIComponent(id)}/hangup`);
  }

  async press(id: string, digits: string): Promise<void> {
    await this.#send('POST', `/calls/${encodeURIComponent(id)}/digits`, { digits });
  }

  async ledgerOf(id: string): Promise<CallLedger> {
    return callLedgerSchema.parse(await this.#send('GET', `/calls/${encodeURIComponent(id)}/ledger`));
  }

  /** Of all legs that are remembered, oldest first. */
  async ledgers(): Promise<CallLedger[]> {
    return z.array(callLedgerSchema).parse(await this.#send('GET', '/ledgers'));
  }

  async addFault(rule: FaultRule): Promise<void> {
    await this.#send('POST', '/faults', rule);
  }

  async clearFaults(): Promise<void> {
    await this.#send('DELETE', '/faults');
  }

  async change(settings: SettingsPatch): Promise<void> {
    await this.#send('PATCH', '/settings', settings);
  }

  async useProfile(profile: Profile): Promise<void> {
    await this.#send('PUT', '/profile', { profile });
  }

  async setDestination(number: string, destination: Destination): Promise<void> {
    await this.#send('PUT', `/destinations/${encodeURIComponent(number)}`, destination);
  }

  async #send(method: string, path: string, body?: object): Promise<unknown> {
    const reply = await fetch(this.#baseURL + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await reply.text();
    if (!reply.ok) throw new ControlError(`${method} ${path}`, reply.status, text);
    return text === '' ? undefined : JSON.parse(text);
  }
}
