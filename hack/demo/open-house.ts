import { Instance } from '#hack/local/instance.ts';
import { createProgress } from '#hack/local/progress.ts';
import { type Infrastructure, startInfrastructure } from '#hack/local/stack.ts';
import { type House, type Mode, startHouse } from './house.ts';
import type { Narrator, Output } from './narrator.ts';
import { type Company, onboard } from './onboarding.ts';

export interface OpenHouse {
  readonly house: House;
  readonly infrastructure: Infrastructure;
  readonly company: Company;
}

export interface OpenOptions {
  readonly mode: Mode;
  /** Whether KWOK gives the cluster nodes, which run nothing. */
  readonly simulatedNodes?: boolean;
  readonly narrator: Narrator;
  readonly output: Output;
}

/** Starts everything in an instance and brings a first company in, up to a number that is answered. */
export async function openHouse(instance: Instance, options: OpenOptions): Promise<OpenHouse> {
  const { mode, narrator, output, simulatedNodes = false } = options;
  narrator.title('The ground: a database, a store and a Kubernetes control plane');
  const infrastructure = await startInfrastructure(instance, {
    simulatedNodes,
    progress: createProgress(output),
    onStage: (name, ms) => narrator.done(name, ms),
  });
  narrator.title('The house: three programs, and stand-ins for what is outside');
  const house = await startHouse({ instance, infrastructure, narrator }, mode);
  narrator.title(mode === 'saas' ? 'A company signs up' : 'A company is applied from a manifest');
  const company = await onboard({ narrator, kubectl: infrastructure.kubectl, house }, mode);
  return { house, infrastructure, company };
}

/**
 * Runs `work` in an instance of this name. Whatever happens, and on Ctrl-C, what was started is ended,
 * unless `work` asks to leave it running. Resolves to the exit status.
 */
export async function inInstance(
  name: string,
  narrator: Narrator,
  work: (instance: Instance) => Promise<'End' | 'LeaveRunning'>,
): Promise<number> {
  let instance: Instance | undefined;
  try {
    instance = await Instance.open(name);
    const stopListening = instance.endOnSignal((signal) =>
      narrator.text(`\n${signal}: ending what was started`),
    );
    const ending = await work(instance);
    stopListening();
    if (ending === 'LeaveRunning') instance.leaveRunning();
    else await instance.endAll();
    return 0;
  } catch (error) {
    await instance?.endAll();
    narrator.failed(error instanceof Error ? error.message : String(error), instance?.logs);
    return 1;
  }
}

/** The mode asked for by `MODE=…`; throws where it is neither. */
export function modeOf(text: string | undefined): Mode {
  if (text === undefined || text === '' || text === 'saas') return 'saas';
  if (text === 'onprem') return 'onprem';
  throw new Error(`MODE is saas or onprem, not ${JSON.stringify(text)}`);
}

/** Whether `NODES=simulated` was asked for; throws where it is something unknown. */
export function simulatedNodesOf(text: string | undefined): boolean {
  if (text === 'simulated') return true;
  if (text === undefined || text === '' || text === 'none') return false;
  throw new Error(`NODES is none or simulated, not ${JSON.stringify(text)}`);
}
