/** What a load process is told to do, and what it measured. */
export interface LoadTask {
  readonly client: 'ours' | 'stock' | 'raw';
  readonly load: 'list' | 'watch' | 'get';
  readonly kubeconfigPath: string;
  /** How many objects are listed, events awaited or GETs sent. */
  readonly count: number;
  readonly inFlight: number;
  /** The namespace of the ConfigMaps that are watched and read. */
  readonly namespace: string;
  /** Written when events may begin. */
  readonly readyPath: string;
  readonly resultPath: string;
}

export interface LoadResult {
  readonly tookMs: number;
  /** Of each event: from the request that caused it until it was delivered. */
  readonly delaysMs?: readonly number[];
  readonly peakRSSMB: number;
  readonly rssMB: number;
  readonly cpuSeconds: number;
}
