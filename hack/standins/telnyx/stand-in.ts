import { mkdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { type Clock, systemClock } from '#lib/clock/clock.ts';
import { OperatingError } from '#lib/errors/operating-error.ts';
import type { OpenCaller } from './calls/caller.ts';
import { callCommands } from './calls/commands.ts';
import { Destinations } from './calls/destinations.ts';
import { DialledLegs } from './calls/dialled-legs.ts';
import { Exchange } from './calls/exchange.ts';
import { Gathers } from './calls/gathers.ts';
import { openBuiltInCaller } from './calls/open-built-in-caller.ts';
import { Transfers } from './calls/transfers.ts';
import { Control } from './control/control.ts';
import { controlRoutes } from './control/control-routes.ts';
import { FaultTable } from './faults/fault-table.ts';
import { Applications } from './inventory/applications.ts';
import { Numbers } from './inventory/numbers.ts';
import { readState, writeState } from './inventory/state-file.ts';
import { createApiApp } from './rest/api-app.ts';
import { applicationRoutes } from './rest/application-routes.ts';
import { callRoutes } from './rest/call-routes.ts';
import { numberRoutes } from './rest/number-routes.ts';
import { recordingRoutes } from './rest/recording-routes.ts';
import { type Profile, type Settings, settingsOf } from './settings.ts';
import { SigningKey } from './webhooks/signing-key.ts';
import { WebhookSender } from './webhooks/webhook-sender.ts';

export interface TelnyxStandInOptions {
  readonly host?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  readonly apiKey?: string;
  /** The webhook key as PKCS #8 DER in base64; default: the state file's, or a new one. */
  readonly webhookPrivateKey?: string;
  /** Where numbers, orders and applications outlive a restart; default: nowhere. */
  readonly stateFile?: string;
  /** What kind of carrier it is; `settings` change single ones of the profile's. */
  readonly profile?: Profile;
  readonly settings?: Partial<Settings>;
  /** Chance for faults that strike by it, 0 to 1; default: Math.random. */
  readonly random?: () => number;
  readonly clock?: Clock;
  /** Makes callers from what a placed call says of them, apart from the built-in kinds; default: none but those. */
  readonly openCaller?: OpenCaller;
  /** Where answered calls are recorded as stereo WAVs (caller left, agent right); made if missing. */
  readonly recordingFolder?: string;
  /** Telnyx's own voice for `speak`, 16 kHz; default: a hum of about the sentence's length. */
  readonly synthesise?: (text: string) => Promise<Int16Array>;
}

export interface TelnyxStandIn {
  /** The API's base, `http://host:port/v2`: what TELNYX_BASE_URL is set to. */
  readonly url: string;
  /** The control API's base, `http://host:port/_standin`. */
  readonly controlURL: string;
  /** The account's webhook key, base64: what TELNYX_PUBLIC_KEY is set to. */
  readonly publicKey: string;
  readonly apiKey: string;
  readonly control: Control;
  stop(): Promise<void>;
}

/** Starts a Telnyx that lives in this process and serves on a port of its own. */
export async function startTelnyxStandIn(options: TelnyxStandInOptions = {}): Promise<TelnyxStandIn> {
  const clock = options.clock ?? systemClock;
  const settings: Settings = { ...settingsOf(options.profile ?? 'default'), ...options.settings };
  const apiKey = options.apiKey ?? 'KEY_STANDIN';
  if (options.recordingFolder !== undefined) mkdirSync(options.recordingFolder, { recursive: true });
  const faults = new FaultTable(options.random);
  const { key, applications, numbers } = openAccount(options, { clock, settings, faults });
  let origin = '';
  const webhooks = new WebhookSender({ clock, settings, faults, key });
  const exchange = new Exchange({
    clock,
    settings,
    faults,
    webhooks,
    numbers,
    applications,
    openCaller: openBuiltInCaller(options.openCaller),
    recordingFolder: options.recordingFolder,
    synthesise: options.synthesise ?? humFor,
    recordingsURL: () => `${origin}/_standin/recordings`,
  });
  const destinations = new Destinations(exchange);
  const transfers = new Transfers(exchange, destinations);
  const dialled = new DialledLegs({ clock, exchange, destinations, numbers, applications });
  const gathers = new Gathers(exchange);
  const control = new Control({
    exchange,
    destinations,
    account: { publicKey: key.publicKey, apiKey },
    settings,
    clock,
    faults,
    numbers,
    applications,
    webhooks,
  });
  const app = createApiApp({
    apiKey,
    clock,
    settings,
    faults,
    routes: [
      numberRoutes(numbers, applications),
      applicationRoutes(applications),
      callRoutes(
        { exchange, dialled, applications },
        callCommands({ exchange, transfers, dialled, gathers }),
      ),
      recordingRoutes(exchange.recordings),
    ],
    control: controlRoutes(control),
    onRequest: (record) => control.noteRequest(record),
    namesOf: (callControlID) => exchange.find(callControlID)?.names ?? [],
  });
  const server = createServer(app);
  const host = options.host ?? '127.0.0.1';
  const port = await listen(server, host, options.port ?? 0);
  origin = `http://${host}:${port}`;

  return {
    url: `${origin}/v2`,
    controlURL: `${origin}/_standin`,
    publicKey: key.publicKey,
    apiKey,
    control,
    async stop() {
      numbers.stop();
      exchange.stop();
      webhooks.stop();
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
    },
  };
}

/** The account with what the state file holds, which it keeps up to date. */
function openAccount(
  options: TelnyxStandInOptions,
  { clock, settings, faults }: { clock: Clock; settings: Settings; faults: FaultTable },
) {
  const { stateFile } = options;
  const state = stateFile === undefined ? undefined : readState(stateFile);
  const key = new SigningKey(options.webhookPrivateKey ?? state?.privateKey);
  const save = () => {
    if (stateFile === undefined) return;
    writeState(stateFile, {
      privateKey: key.pkcs8Base64,
      applications: applications.list(),
      numbers: numbers.owned(),
      orders: numbers.orders(),
    });
  };
  const applications = new Applications(clock, save);
  const numbers = new Numbers({
    clock,
    orderDelayMs: () => settings.orderDelayMs,
    orderFails: () => faults.take('order')?.kind === 'fail',
    onChange: save,
  });
  applications.restore(state?.applications ?? []);
  numbers.restore(state?.numbers ?? [], state?.orders ?? []);
  save();
  return { key, applications, numbers };
}

const SAMPLES_A_CHARACTER = 16_000 * 0.06;
const HUM_HZ = 200;

async function humFor(text: string): Promise<Int16Array> {
  return Int16Array.from({ length: text.length * SAMPLES_A_CHARACTER }, (_, i) =>
    Math.round(4_000 * Math.sin((2 * Math.PI * HUM_HZ * i) / 16_000)),
  );
}

function listen(server: ReturnType<typeof createServer>, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new OperatingError(
          'listen_failed',
          `The Telnyx stand-in cannot listen on ${host}:${port}: ${error.message}`,
          {
            cause: error,
          },
        ),
      ),
    );
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
      resolve(address.port);
    });
  });
}
