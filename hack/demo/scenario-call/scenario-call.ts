/** `make call SCENARIO=name`: a scenario of runtime/voice, played with real speech to what `make up` left running. */
import { z } from 'zod';
import type { LedgerEvent } from '#crds/ledger/ledger-event.ts';
import { createKubectl, type Kubectl } from '#hack/kubernetes/kubectl.ts';
import type { Processes } from '#hack/local/processes.ts';
import type { Scenario } from '#runtime/voice/scenarios/scenario.ts';
import { eventually } from '../eventually.ts';
import type { Narrator } from '../narrator.ts';
import { type PlacedCall, placeCall } from '../place-call.ts';
import type { HouseRecord } from '../record.ts';
import { waitReady } from '../wait-ready.ts';
import { arrangeTransfers } from './carrier-control.ts';
import { withEngineOrders } from './engine-control.ts';
import { LedgerTail } from './ledger-tail.ts';
import { playableCall } from './playable-call.ts';
import { PodMoves } from './pod-moves.ts';
import { type NamedScenario, readScenario, scenarioNames } from './scenario-library.ts';
import { SCENARIO_TENANT, scenarioNumber, scenarioTenant, transferNumbers } from './scenario-tenant.ts';

export interface ScenarioContext {
  readonly narrator: Narrator;
  readonly record: HouseRecord;
  readonly processes: Processes;
}

/** All scenarios with what each shows. */
export function listScenarios(narrator: Narrator): void {
  narrator.title('The scenarios: make call SCENARIO=…');
  for (const name of scenarioNames()) narrator.command(name, readScenario(name).scenario.title);
}

/** Plays a scenario, prints the call as it goes and what came of it, and where its recording is. */
export async function callScenario(
  { name, scenario }: NamedScenario,
  context: ScenarioContext,
): Promise<void> {
  const { narrator, record } = context;
  const { caller, engines, differences } = playableCall(scenario);
  narrator.title(`Scenario ${name}: ${scenario.title}`);
  for (const difference of differences) narrator.text(`Not as in the scenario: ${difference}`);
  const kubectl = createKubectl(record.kubectlPath, record.kubeconfigPath);
  const tenantID = await narrator.stage(
    `Tenant ${SCENARIO_TENANT} with the scenario's spec, and its number`,
    () => applyTenant(kubectl, scenario),
  );
  await arrangeTransfers(record.controlURL, scenario, transferNumbers(scenario));
  const ledger = await LedgerTail.open(record.redisURL, tenantID);
  try {
    const call = await withEngineOrders(record.enginesURL, engines, () =>
      play({ ...context, ledger }, { from: scenario.from, to: scenario.to, caller }),
    );
    if (call.recording === undefined) throw new Error('the call was not recorded: it was never answered');
    narrator.title('To listen to');
    narrator.fact('Caller left, agent right', call.recording);
    narrator.fact('By the fake clock', `runtime/voice/scenarios/calls/${name}.txt`);
  } finally {
    await ledger.close();
  }
}

interface PlayContext extends ScenarioContext {
  readonly ledger: LedgerTail;
}

async function play(
  { narrator, record, processes, ledger }: PlayContext,
  { from, to, caller }: { readonly from: string; readonly to: string; readonly caller: object },
): Promise<PlacedCall> {
  const pods = new PodMoves(narrator, processes);
  const told: LedgerEvent[] = [];
  const tell = () => {
    for (const event of ledger.take()) {
      told.push(event);
      if (event.kind === 'turn' && event.speaker === 'Agent')
        narrator.spoken('Agent', lineOf(event), event.startedAtMs);
    }
  };
  const line = { controlURL: record.controlURL, number: to };
  const call = await placeCall(narrator, line, { from, caller }, async (now) => {
    await pods.follow(now);
    tell();
  });
  await eventually('the end of the call in the ledger', LEDGER_TIMEOUT_MS, async () => {
    tell();
    return told.some(({ kind }) => kind === 'ended') || undefined;
  });
  await pods.ended();
  report(narrator, told);
  return call;
}

/** Applies the scenario's Tenant and number; resolves to the tenant's id once calls to the number are answered. */
async function applyTenant(kubectl: Kubectl, scenario: Scenario): Promise<string> {
  const apply = (manifest: object) =>
    kubectl(['apply', '--server-side', '--force-conflicts', '--filename=-'], JSON.stringify(manifest));
  await apply(scenarioTenant(scenario, Date.now()));
  await waitReady(kubectl, [`tenant/${SCENARIO_TENANT}`]);
  const number = scenarioNumber(scenario);
  await apply(number.manifest);
  await waitReady(kubectl, [`phonenumber/${number.name}`, `--namespace=tenant-${SCENARIO_TENANT}`]);
  const tenant = JSON.parse(await kubectl(['get', `tenant/${SCENARIO_TENANT}`, '--output=json']));
  return z.object({ status: z.object({ tenantID: z.string() }) }).parse(tenant).status.tenantID;
}

/** What the API server is told of a call. */
function report(narrator: Narrator, events: readonly LedgerEvent[]): void {
  narrator.title('The call as the ledger has it');
  const turns = events.filter((event) => event.kind === 'turn').sort((a, b) => a.index - b.index);
  for (const turn of turns) narrator.spoken(turn.speaker, lineOf(turn), turn.startedAtMs);
  // Each that comes replaces the one before.
  const lead = events.findLast((event) => event.kind === 'lead');
  const fields = lead?.fields.map(({ name, value }) => `${name}=${value}`).join(', ');
  if (lead && fields) narrator.fact(lead.complete ? 'Lead' : 'Lead, not complete', fields);
  const ended = events.findLast((event) => event.kind === 'ended');
  if (ended) narrator.fact('Ended', ended.reason);
}

function lineOf({ text, interrupted }: { readonly text: string; readonly interrupted: boolean }): string {
  return interrupted ? `${text} —` : text;
}

const LEDGER_TIMEOUT_MS = 20_000;
