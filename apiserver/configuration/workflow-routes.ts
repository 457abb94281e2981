import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { defaultWorkflows } from '#crds/tenant/default-workflows.ts';
import type { TenantSpec } from '#crds/tenant/tenant.ts';
import { type Workflow, workflowSchema } from '#crds/tenant/workflow.ts';
import { inTenant } from '../http/access.ts';
import { ApiError } from '../http/api-error.ts';
import { assertMatch, entityTagOf } from '../http/entity-tag.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { InTenant } from '../identity/principal.ts';
import { answering, READ_PROBLEMS, WRITE_PROBLEMS } from './answer-configuration.ts';
import { changeRequest } from './change-request.ts';
import { entryShapeOf, shapeAt, TENANT_SHAPE, without } from './field-shape.ts';
import type { ConfigurationDeps } from './part-routes.ts';
import { refusingUnknown } from './part-schemas.ts';
import { readConfiguration } from './read-configuration.ts';
import { writeConfiguration } from './write-configuration.ts';

const [EXAMPLE] = defaultWorkflows;
const { name: _name, ...UNNAMED } = EXAMPLE ?? {};
const replySchema = workflowSchema.meta({ example: EXAMPLE });

const LIST = '/api/admin/workflows';
const ONE = `${LIST}/{name}`;
const params = z.strictObject({ name: workflowSchema.shape.name });
const WORKFLOW_SHAPE = entryShapeOf(shapeAt(TENANT_SHAPE, 'workflows'));
/** The name stands in the path. */
const UNNAMED_SHAPE = without(WORKFLOW_SHAPE, 'name');
const READ = inTenant('Viewer', { scope: 'configuration:read' });
const WRITE = inTenant('Admin', { scope: 'configuration:write' });

/** A tenant's workflows, one by one. Each is an entry of the resource's list, so two people may change two at once. */
export function workflowRoutes(deps: ConfigurationDeps): readonly Route[] {
  return [listRoute(deps), createRoute(deps), readRoute(deps), replaceRoute(deps), deleteRoute(deps)];
}

function listRoute(deps: ConfigurationDeps): Route {
  return defineRoute({
    method: 'GET',
    path: LIST,
    operationID: 'listWorkflows',
    summary: 'List what the assistant does on a call, one entry a way of answering: ten at most.',
    access: READ,
    replies: {
      200: { description: 'All workflows.', schema: z.strictObject({ items: z.array(replySchema) }) },
    },
    problems: READ_PROBLEMS,
    handle: async ({ principal }) => {
      const { workflows } = await answering(() => readConfiguration(deps, principal.tenant.id));
      return { status: 200, etag: entityTagOf(workflows), body: { items: workflows } } as const;
    },
  });
}

function createRoute(deps: ConfigurationDeps): Route {
  return defineRoute({
    method: 'POST',
    path: LIST,
    operationID: 'createWorkflow',
    summary: 'Add a workflow. Route a number to it by its name.',
    access: WRITE,
    body: refusingUnknown(WORKFLOW_SHAPE, workflowSchema).meta({ example: EXAMPLE }),
    replies: { 201: { description: 'The workflow, with every default.', schema: replySchema } },
    problems: ['workflow_exists', ...WRITE_PROBLEMS],
    handle: async ({ principal, body, onceOutside }) =>
      onceOutside({
        tenantID: principal.tenant.id,
        transaction: (work) => deps.database.withTenant(principal.tenant.id, work),
        create: async ({ mayBeDone }) => {
          const next = (found: Workflow | undefined) => {
            const isOurs = mayBeDone && isDeepStrictEqual(found, body);
            if (found && !isOurs) throw new ApiError('workflow_exists');
            return body;
          };
          const { workflows } = await change(deps, { principal, name: body.name, next });
          return { status: 201, location: `${LIST}/${body.name}`, body: find(workflows, body.name) };
        },
      }),
  });
}

function readRoute(deps: ConfigurationDeps): Route {
  return defineRoute({
    method: 'GET',
    path: ONE,
    operationID: 'readWorkflow',
    summary: 'Read a workflow.',
    access: READ,
    params,
    replies: { 200: { description: 'The workflow, and its ETag.', schema: replySchema } },
    problems: ['not_found', ...READ_PROBLEMS],
    handle: async ({ principal, params: { name } }) => {
      const { workflows } = await answering(() => readConfiguration(deps, principal.tenant.id));
      return replyOf(find(workflows, name));
    },
  });
}

function replaceRoute(deps: ConfigurationDeps): Route {
  return defineRoute({
    method: 'PUT',
    path: ONE,
    operationID: 'replaceWorkflow',
    summary: 'Replace a workflow, which keeps its name. What is left out gets its default.',
    access: WRITE,
    params,
    body: refusingUnknown(UNNAMED_SHAPE, workflowSchema.omit({ name: true })).meta({ example: UNNAMED }),
    replies: { 200: { description: 'The workflow as it is now, and its ETag.', schema: replySchema } },
    conditional: true,
    problems: ['not_found', ...WRITE_PROBLEMS],
    handle: async ({ principal, params: { name }, body, ifMatch }) => {
      const next = (found: Workflow | undefined) => {
        assertMatch(ifMatch, entityTagOf(existing(found)));
        return { ...body, name };
      };
      const { workflows } = await change(deps, { principal, name, next });
      return replyOf(find(workflows, name));
    },
  });
}

function deleteRoute(deps: ConfigurationDeps): Route {
  return defineRoute({
    method: 'DELETE',
    path: ONE,
    operationID: 'deleteWorkflow',
    summary: 'Delete a workflow. Numbers that are routed to it say so and are not answered.',
    access: WRITE,
    params,
    replies: { 204: { description: 'It is gone.' } },
    conditional: true,
    problems: ['not_found', ...WRITE_PROBLEMS],
    handle: async ({ principal, params: { name }, ifMatch }) => {
      const next = (found: Workflow | undefined) => {
        assertMatch(ifMatch, entityTagOf(existing(found)));
        return undefined;
      };
      await change(deps, { principal, name, next });
      return { status: 204 } as const;
    },
  });
}

interface WorkflowChange {
  readonly principal: InTenant;
  readonly name: string;
  /** The workflow as it is to be, from the one of this name that there is; undefined: none. */
  readonly next: (found: Workflow | undefined) => Workflow | undefined;
}

/** Puts one workflow into the list, in its place or at the end, or takes it out. */
function change(deps: ConfigurationDeps, { principal, name, next }: WorkflowChange): Promise<TenantSpec> {
  const changed = ({ workflows }: TenantSpec) => {
    const index = workflows.findIndex((one) => one.name === name);
    const place = index < 0 ? workflows.length : index;
    const replacement = next(workflows[index]);
    return { workflows: workflows.toSpliced(place, 1, ...(replacement ? [replacement] : [])) };
  };
  const request = changeRequest(principal, changed);
  // The body is the workflow alone.
  const place = (path: string) => path.replace(/^workflows(\.[^.]+\.?)?/, '');
  return answering(() => writeConfiguration(deps, request), place);
}

function find(workflows: readonly Workflow[], name: string): Workflow {
  return existing(workflows.find((one) => one.name === name));
}

function existing(found: Workflow | undefined): Workflow {
  if (!found) throw new ApiError('not_found');
  return found;
}

function replyOf(workflow: Workflow) {
  return { status: 200, etag: entityTagOf(workflow), body: workflow } as const;
}
