/** Servers of Redis for tests, laid out in one of the ways of redis-topology.ts. */
export interface StartedTopology {
  /** For REDIS_URL. */
  readonly url: string;
  /** From now on replicas hear of no write: what is written is lost by `killMasterOf`. */
  cutReplicasOff(): Promise<void>;
  /** SIGKILL to the master that has this key; a replica takes its place within some seconds. Once only. */
  killMasterOf(key: string): Promise<void>;
  stop(): Promise<void>;
}
