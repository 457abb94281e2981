/** What a person's edit by hand does to a child, by its kind: fields that are the operator's. */
export const CHILD_EDITS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ServiceAccount: { automountServiceAccountToken: true },
  Secret: { stringData: { webhookSecret: 'guessed', mine: 'too' } },
  ResourceQuota: { spec: { hard: { pods: '1000', 'count/secrets': '9' } } },
  LimitRange: { spec: { limits: [{ type: 'Pod', max: { cpu: '64' } }] } },
  NetworkPolicy: { spec: { policyTypes: ['Egress'], egress: [{}] } },
  RoleBinding: { subjects: [] },
  Deployment: {
    spec: { replicas: 7, minReadySeconds: 1, strategy: { type: 'Recreate', rollingUpdate: null } },
  },
  Service: { spec: { ports: [{ name: 'http', port: 81, targetPort: 81, protocol: 'TCP' }] } },
  PodDisruptionBudget: { spec: { maxUnavailable: 5 } },
  PersistentVolumeClaim: { metadata: { labels: { 'veralux.io/engine': 'other' } } },
};
