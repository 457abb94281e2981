import type { KubeClient } from '#lib/kube/kube-client.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Resource } from '#lib/kube/resource.ts';
import type { AuditedRequest } from './audit-log.ts';

/** One thing that an account may do: a rule of a role taken apart. */
export interface Right {
  /** As RBAC names it in the audit log: `ClusterRoleBinding "veralux-operator"`. */
  readonly binding: string;
  readonly group: string;
  readonly resource: string;
  readonly verb: string;
  /** The only object that it is for; absent: all. */
  readonly name?: string;
  /** The only namespace that it holds in; absent: all, and what is in none. */
  readonly namespace?: string;
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

interface Role extends KubeObject {
  readonly rules?: readonly Rule[];
}

interface Binding extends KubeObject {
  readonly roleRef: { readonly kind: 'Role' | 'ClusterRole'; readonly name: string };
  readonly subjects?: readonly {
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
}

const CLUSTER_ROLES = rbac('clusterroles', 'ClusterRole', false);
const ROLES = rbac('roles', 'Role', true);
const CLUSTER_ROLE_BINDINGS = rbac('clusterrolebindings', 'ClusterRoleBinding', false);
const ROLE_BINDINGS = rbac('rolebindings', 'RoleBinding', true);

/** All that a service account may do by the bindings that name it. */
export async function rightsOf(
  client: KubeClient,
  account: { readonly namespace: string; readonly name: string },
): Promise<readonly Right[]> {
  const namesIt = (binding: Binding) =>
    binding.subjects?.some(({ name, namespace }) => name === account.name && namespace === account.namespace);
  const rights: Right[] = [];
  for (const kind of [CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS]) {
    for (const binding of (await client.list<Binding>(kind)).items.filter(namesIt)) {
      const { name, namespace } = binding.metadata;
      const isRole = binding.roleRef.kind === 'Role';
      const scope = namespace === undefined ? {} : { namespace };
      const role = await client.get<Role>(isRole ? ROLES : CLUSTER_ROLES, {
        name: binding.roleRef.name,
        ...(isRole ? scope : {}),
      });
      const named = `${kind.kind} "${namespace === undefined ? name : `${name}/${namespace}`}"`;
      rights.push(...takenApart(role?.rules ?? []).map((right) => ({ binding: named, ...scope, ...right })));
    }
  }
  return rights;
}

function takenApart(rules: readonly Rule[]): Omit<Right, 'binding' | 'namespace'>[] {
  return rules.flatMap(({ apiGroups = [], resources = [], resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          (resourceNames ?? [undefined]).map((name) => ({
            group,
            resource,
            verb,
            ...(name === undefined ? {} : { name }),
          })),
        ),
      ),
    ),
  );
}

/**
 * The rights that no request needed, in words. A request needs the right that RBAC let it pass by. A
 * server-side apply that made its object has needed `create` too, of which the audit log says nothing.
 * A right on a namespaced kind in all namespaces is needed in all only where a request was for all, or
 * for a namespace other than the platform's.
 */
export function unusedRights(
  rights: readonly Right[],
  requests: readonly AuditedRequest[],
  platformNamespaces: readonly string[],
): readonly string[] {
  const isElsewhere = ({ namespace }: AuditedRequest) =>
    namespace === undefined || !platformNamespaces.includes(namespace);
  const covers = (right: Right, request: AuditedRequest): boolean => {
    const creates = request.verb === 'patch' && request.status === 201 && right.verb === 'create';
    return (
      request.group === right.group &&
      request.resource === right.resource &&
      (creates || (request.verb === right.verb && request.binding === right.binding)) &&
      (right.name === undefined || request.name === right.name) &&
      (right.namespace === undefined ? isElsewhere(request) : request.namespace === right.namespace)
    );
  };
  return rights
    .filter((right) => !requests.some((request) => covers(right, request)))
    .map(({ binding, verb, group, resource, name }) => {
      const kind = group === '' ? resource : `${resource}.${group}`;
      return `${binding}: ${verb} ${kind}${name === undefined ? '' : ` ${name}`}`;
    });
}

function rbac(plural: string, kind: string, namespaced: boolean): Resource {
  return { group: 'rbac.authorization.k8s.io', version: 'v1', plural, kind, namespaced };
}
