import type { Engines } from '#crds/voice-runtime/engine.ts';
import type { EngineKind } from '#crds/voice-runtime/engine-key.ts';

/**
 * What there is to know of an engine server: its image, port, settings, where it keeps models and how
 * it says that it is well. Each server is one file that makes a recipe from an order.
 */

type Ladder = Engines['stt'] | NonNullable<Engines['llm']> | Engines['tts'];
type Deployment<E extends { readonly deployment?: unknown }> = NonNullable<E['deployment']>;

export type SttDeployment = Deployment<Engines['stt']>;
export type LlmDeployment = Deployment<NonNullable<Engines['llm']>>;
export type TtsDeployment = Deployment<Engines['tts']>;
export type EngineDeployment = SttDeployment | LlmDeployment | TtsDeployment;

/** An engine of a spec, preferred or fallback. */
export type EngineSpec = Omit<Ladder, 'fallbacks'>;

/** What a recipe may look at. */
export interface EngineOrder<D extends EngineDeployment = EngineDeployment> {
  readonly kind: EngineKind;
  /** The model that requests name, where the spec says one. */
  readonly requestedModel: string | undefined;
  readonly deployment: D;
}

export interface EngineRecipe {
  /** What people call the server. */
  readonly server: string;
  readonly image: string;
  readonly port: number;
  /** The model that requests have to name; undefined where the server has only one. */
  readonly model: string | undefined;
  /** The user and group of the processes: the image's own where it has one, never root. */
  readonly user: number;
  readonly group: number;
  /** Absent: the image's own. */
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Runs before the server, with the same image, environment and volumes, and without a GPU. */
  readonly fetchModel?: readonly string[];
  /** Answers 200 while the server is well. */
  readonly healthPath: string;
  /** Succeeds once the model is loaded, where the health path says so too early. */
  readonly startup?: readonly string[];
  /** The folder of models; a volume or an emptyDir lies there. Absent: the image holds its model. */
  readonly modelPath?: string;
  /** Folders that have to be writable besides: emptyDirs that live as long as the pod. */
  readonly scratch: readonly string[];
  /** True where it is known to write nowhere else. */
  readonly readOnlyRoot: boolean;
  /** The size of /dev/shm; absent: the container runtime's 64 MiB. */
  readonly sharedMemory?: string;
  /** What is requested where the spec has no resources. */
  readonly requests: { readonly cpu: string; readonly memory: string };
}
