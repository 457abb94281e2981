/** What a person's edit by hand does to a tenant's child, by its kind: fields that are the operator's. */
export const CHILD_EDITS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ServiceAccount: { automountServiceAccountToken: true },
  Secret: { stringData: { webhookSecret: 'guessed', mine: 'too' } },
  ResourceQuota: { spec: { hard: { pods: '1000', 'count/secrets': '9' } } },
  LimitRange: { spec: { limits: [{ type: 'Pod', max: { cpu: '64' } }] } },
  NetworkPolicy: { spec: { policyTypes: ['Egress'], egress: [{}] } },
  RoleBinding: { subjects: [] },
};
