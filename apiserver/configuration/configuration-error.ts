import { OperatingError } from '#lib/errors/operating-error.ts';

/** A field, and the manager that wants another value for it than was asked for. */
export interface Conflict {
  readonly manager: string;
  /** As people write it: `assistant.greeting`. */
  readonly field: string;
}

/** Fields are kept by another manager, such as a GitOps controller, which would put its values back. */
export class ManagedElsewhere extends OperatingError {
  readonly conflicts: readonly Conflict[];

  constructor(conflicts: readonly Conflict[]) {
    const managers = [...new Set(conflicts.map(({ manager }) => manager))].join(', ');
    super('managed_elsewhere', `These fields are managed by ${managers}; change them there.`);
    this.conflicts = conflicts;
  }
}

/** A value that the schema, the rules of a spec or the cluster will not have. */
export class InvalidConfiguration extends OperatingError {
  readonly fields: readonly { readonly path: string; readonly message: string }[];

  constructor(fields: readonly { readonly path: string; readonly message: string }[], cause?: unknown) {
    super('invalid_configuration', 'The configuration is not valid.', { cause });
    this.fields = fields;
  }
}

/** The cluster did not answer in time, or not as it should: nothing is known to have been written. */
export class ClusterUnavailable extends OperatingError {
  constructor(cause: unknown) {
    super('cluster_unavailable', 'The cluster cannot be reached.', { retryable: true, cause });
  }
}

/** The tenant's resource is not there (not made yet, gone, its name another's now), or of a newer release. */
export class TenantNotReady extends OperatingError {
  constructor(cause?: unknown) {
    super('tenant_not_ready', "The tenant's resource cannot be read yet.", { retryable: true, cause });
  }
}

/** Others wrote the same Tenant each time between reading and writing. */
export class WriteContended extends OperatingError {
  constructor(cause: unknown) {
    super('write_contended', 'Too many others write this configuration.', { retryable: true, cause });
  }
}
