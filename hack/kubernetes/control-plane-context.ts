import type { Processes } from '#hack/local/processes.ts';
import type { ProgramName, Programs } from './program-name.ts';

/** What every part of one control plane shares. */
export interface ControlPlaneContext {
  readonly processes: Processes;
  readonly programs: Programs;
  /** Its own folder: data, keys, tokens. Nobody else can look into it. */
  readonly directory: string;
}

export function programPath(context: ControlPlaneContext, name: ProgramName): string {
  const path = context.programs.get(name);
  if (path === undefined) throw new Error(`${name} was not among the programs asked for`);
  return path;
}
