/**
 * `make call`: one more call into what `make up` left running. With KILL=1 the pod that holds it is killed
 * in the middle of it; with SCENARIO=name a scenario is played.
 */
import { INSTANCES, Instance } from '#hack/local/instance.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { ApiClient } from './api-client.ts';
import type { Usage } from './call-detail.ts';
import { check, WORDS_LOST_BY_KILL } from './check-call.ts';
import { checkResumed, killInTheMiddle } from './kill-pod.ts';
import { Narrator } from './narrator.ts';
import { latestCall, placeCall } from './place-call.ts';
import { type HouseRecord, readRecord } from './record.ts';
import { reportCall, reportUsage } from './report.ts';
import { restorePods } from './runtime-pods.ts';
import { bookAppointment } from './scenario.ts';
import { endEngineOrders } from './scenario-call/engine-control.ts';
import { callScenario, listScenarios } from './scenario-call/scenario-call.ts';
import { readScenario } from './scenario-call/scenario-library.ts';

// Who reads no further, as `head` does, needs no more lines; a call goes on to its end.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
const narrator = new Narrator(process.stdout);
const instance = new Instance('up', INSTANCES);
/** What is wrong before anything has begun. */
const WITHOUT_LOGS: ReadonlySet<string> = new Set(['unknown_scenario', 'wrong_setting', 'nothing_running']);

try {
  const name = process.env['SCENARIO'] ?? '';
  const isKilled = killIsAsked(process.env['KILL']);
  if (isKilled && name !== '')
    throw new LocalError('wrong_setting', 'KILL=1 is for the call without a SCENARIO: give one of the two.');
  if (name === 'list') listScenarios(narrator);
  else {
    const scenario = name === '' ? undefined : readScenario(name);
    const record = readRecord(instance.data);
    await restore(record);
    if (scenario) await callScenario(scenario, { narrator, record, processes: instance.processes });
    else await callHouse(record, isKilled);
  }
} catch (error) {
  const hasBegun = !(error instanceof LocalError && WITHOUT_LOGS.has(error.code));
  narrator.failed(messageOf(error), hasBegun ? instance.logs : undefined);
  process.exitCode = 1;
}

/** The demonstration's call, and what the API tells of it. */
async function callHouse(record: HouseRecord, isKilled: boolean): Promise<void> {
  const anonymous = new ApiClient(record.apiURL);
  const { email, password } = record;
  const { token } = await anonymous.post<{ token: string }>('/api/auth/login', { email, password });
  const api = anonymous.as(token);
  const sinceMs = Date.now();
  if (isKilled) await callWithKill(record);
  else await placeCall(narrator, record, bookAppointment);
  const call = await latestCall(api, sinceMs);
  reportCall(narrator, call);
  reportUsage(narrator, await api.get<Usage>('/api/admin/usage'));
  check(call, bookAppointment, isKilled ? WORDS_LOST_BY_KILL : 0);
}

/** What an earlier call left dead is started again, as Kubernetes would have done by now; and no engine has orders. */
async function restore({ pods, enginesURL }: HouseRecord): Promise<void> {
  await endEngineOrders(enginesURL);
  const restored = await restorePods(instance.processes, pods);
  for (const pod of restored) narrator.text(`${pod} was dead and runs again.`);
}

async function callWithKill(record: HouseRecord): Promise<void> {
  const kill = killInTheMiddle(narrator, instance.processes);
  const call = await placeCall(narrator, record, bookAppointment, kill.onlooker);
  checkResumed(narrator, call, kill.killed());
}

function killIsAsked(text: string | undefined): boolean {
  if (text === '1') return true;
  if (text === undefined || text === '' || text === '0') return false;
  throw new LocalError('wrong_setting', `KILL is 0 or 1, not ${JSON.stringify(text)}.`);
}
