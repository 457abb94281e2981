import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A request as kube-apiserver's audit log tells of it, in RBAC's words. */
export interface AuditedRequest {
  readonly user: string;
  readonly userAgent: string;
  readonly verb: string;
  /** Empty for the core group. */
  readonly group: string;
  /** With its subresource: `tenants/status`. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** HTTP's. */
  readonly status: number;
  readonly allowed: boolean;
  /** The binding that let it pass, as RBAC names it: `RoleBinding "veralux-system/veralux-operator"`. */
  readonly binding: string | undefined;
  /** Which of our admission policies refused it, if any did. */
  readonly refusal: string | undefined;
}

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly apiGroup?: string;
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The requests of some accounts, recorded by the API server itself. */
export class AuditLog {
  readonly #folder: string;
  readonly #path: string;
  /** What kube-apiserver has to be started with. */
  readonly args: readonly string[];

  /** Records the requests of the service accounts of a namespace. */
  constructor(namespace: string) {
    this.#folder = mkdtempSync(join(tmpdir(), 'veralux-audit-'));
    this.#path = join(this.#folder, 'audit.log');
    const policy = join(this.#folder, 'policy.yaml');
    const recorded = { level: 'Metadata', userGroups: [`system:serviceaccounts:${namespace}`] };
    const rules = [recorded, { level: 'None' }];
    const apiVersion = 'audit.k8s.io/v1';
    writeFileSync(
      policy,
      JSON.stringify({ apiVersion, kind: 'Policy', omitStages: ['RequestReceived'], rules }),
    );
    this.args = [`--audit-policy-file=${policy}`, `--audit-log-path=${this.#path}`];
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Every request that was answered, and every watch that was accepted. */
  read(): readonly AuditedRequest[] {
    if (!existsSync(this.#path)) return [];
    const lines = readFileSync(this.#path, 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => requestOf(JSON.parse(line) as AuditEvent));
  }
}

function requestOf(event: AuditEvent): AuditedRequest {
  const { objectRef, annotations = {} } = event;
  const { resource = '', subresource } = objectRef ?? {};
  return {
    user: event.user.username,
    userAgent: event.userAgent ?? '',
    verb: event.verb,
    group: objectRef?.apiGroup ?? '',
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    namespace: objectRef?.namespace,
    name: objectRef?.name,
    status: event.responseStatus?.code ?? 200,
    allowed: annotations['authorization.k8s.io/decision'] === 'allow',
    binding: /^RBAC: allowed by (\w+ "[^"]+")/.exec(annotations['authorization.k8s.io/reason'] ?? '')?.[1],
    refusal: annotations['validation.policy.admission.k8s.io/validation_failure'],
  };
}
