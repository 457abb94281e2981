import Telnyx from 'telnyx';
import type { TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { RUNTIME, STORM_TENANTS } from './tenants.ts';

/** Nobody listens there: until the pods have an address, no call comes. */
const NOWHERE = 'http://127.0.0.1:9/';

/** The storm's application at the carrier, with the numbers of all its tenants; what the operator sees to. */
export class StormApplication {
  /** Told to the pods, as to those of a Managed runtime. */
  readonly id: string;
  readonly #telnyx: Telnyx;

  private constructor(telnyx: Telnyx, id: string) {
    this.#telnyx = telnyx;
    this.id = id;
  }

  static async open({ url, apiKey }: TelnyxStandIn): Promise<StormApplication> {
    const telnyx = new Telnyx({ apiKey, baseURL: url });
    const { data } = await telnyx.callControlApplications.create(settingsOf(NOWHERE));
    const application = new StormApplication(telnyx, data?.id ?? '');
    await telnyx.numberOrders.create({
      phone_numbers: STORM_TENANTS.map(({ number }) => ({ phone_number: number })),
      connection_id: application.id,
    });
    return application;
  }

  /** From now on webhooks are sent to `url`. */
  async listenAt(url: string): Promise<void> {
    await this.#telnyx.callControlApplications.update(this.id, settingsOf(url));
  }
}

function settingsOf(url: string) {
  return { application_name: RUNTIME, webhook_event_url: url, webhook_api_version: '2' } as const;
}
