/** The programs of a local cluster. */
export type ProgramName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubectl'
  | 'kubelet'
  | 'kube-proxy'
  | 'kwok';

/** Where each program lies, by name. */
export type Programs = ReadonlyMap<ProgramName, string>;
