import type { TenantSpec } from '#crds/tenant/tenant.ts';
import { inTenant } from '../http/access.ts';
import { assertMatch, entityTagOf } from '../http/entity-tag.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { answering, authorOf, READ_PROBLEMS, WRITE_PROBLEMS } from './answer-configuration.ts';
import { invalidBySchema } from './invalid-configuration.ts';
import type { PartName, PartValues } from './live-tenant.ts';
import { mergePatch } from './merge-patch.ts';
import { partBodyOf, partPatchSchema, partReplySchema, partRequestSchema } from './part-schemas.ts';
import { type ReadDeps, readConfiguration } from './read-configuration.ts';
import { type WriteDeps, writeConfiguration } from './write-configuration.ts';

export type ConfigurationDeps = ReadDeps & WriteDeps;

/** The parts that have a route of their own below /api/admin/config. Workflows have theirs one by one. */
const PART_ROUTES: readonly { readonly part: PartName; readonly what: string; readonly isList: boolean }[] = [
  { part: 'assistant', what: 'how the assistant speaks and behaves', isList: false },
  { part: 'businessHours', what: 'when people are there', isList: false },
  { part: 'busy', what: 'what callers meet when all lines are busy', isList: false },
  { part: 'callScreening', what: 'which calls are declined', isList: false },
  { part: 'knowledge', what: 'the facts that the assistant answers from', isList: true },
  { part: 'notifications', what: 'who is told of leads and messages', isList: false },
  { part: 'recording', what: 'whether calls are recorded', isList: false },
  { part: 'tools', what: 'the services that the assistant may call', isList: true },
  { part: 'transcripts', what: 'how long transcripts are kept', isList: false },
  { part: 'transferTargets', what: 'whom calls may be handed to', isList: true },
];

/** GET, PUT and, for what is no list, PATCH of each part of a tenant's configuration. */
export function partRoutes(deps: ConfigurationDeps): readonly Route[] {
  return PART_ROUTES.flatMap(({ part, what, isList }) => [
    readRoute(deps, part, what),
    replaceRoute(deps, part, what),
    ...(isList ? [] : [patchRoute(deps, part, what)]),
  ]);
}

function readRoute(deps: ConfigurationDeps, part: PartName, what: string): Route {
  return defineRoute({
    ...placeOf('read', part),
    method: 'GET',
    summary: `Read ${what}.`,
    access: inTenant('Viewer', { scope: 'configuration:read' }),
    replies: repliesOf(part),
    problems: READ_PROBLEMS,
    handle: async ({ principal }) => {
      const spec = await answering(() => readConfiguration(deps, principal.tenant.id));
      return replyOf(part, spec);
    },
  });
}

function replaceRoute(deps: ConfigurationDeps, part: PartName, what: string): Route {
  return defineRoute({
    ...placeOf('replace', part),
    method: 'PUT',
    summary: `Replace ${what}. What is left out gets its default.`,
    access: inTenant('Admin', { scope: 'configuration:write' }),
    body: partRequestSchema(part),
    replies: repliesOf(part),
    conditional: true,
    problems: WRITE_PROBLEMS,
    handle: async ({ principal, body, ifMatch }) => {
      const change = (spec: TenantSpec) => {
        assertMatch(ifMatch, entityTagOf(partBodyOf(part, spec)));
        return valuesOf(part, body);
      };
      const { id: tenantID, name } = principal.tenant;
      const request = { tenantID, name, author: authorOf(principal), change };
      return replyOf(part, await answering(() => writeConfiguration(deps, request)));
    },
  });
}

function patchRoute(deps: ConfigurationDeps, part: PartName, what: string): Route {
  return defineRoute({
    ...placeOf('change', part),
    method: 'PATCH',
    summary: `Change some of ${what}, as JSON Merge Patch (RFC 7396): null gives a field its default.`,
    access: inTenant('Admin', { scope: 'configuration:write' }),
    body: partPatchSchema(part),
    replies: repliesOf(part),
    problems: [...WRITE_PROBLEMS, 'precondition_failed'],
    handle: async ({ principal, body, ifMatch }) => {
      const change = (spec: TenantSpec) => {
        const before = partBodyOf(part, spec);
        if (ifMatch !== '') assertMatch(ifMatch, entityTagOf(before));
        const after = partRequestSchema(part).safeParse(mergePatch(before, body));
        if (!after.success) throw invalidBySchema(after.error);
        return valuesOf(part, after.data);
      };
      const { id: tenantID, name } = principal.tenant;
      const request = { tenantID, name, author: authorOf(principal), change };
      return replyOf(part, await answering(() => writeConfiguration(deps, request)));
    },
  });
}

function placeOf(verb: string, part: PartName) {
  const noun = `${part.charAt(0).toUpperCase()}${part.slice(1)}`;
  return { path: `/api/admin/config/${part}`, operationID: `${verb}${noun}` };
}

function repliesOf(part: PartName) {
  return {
    200: { description: 'It as it is now, with every default, and its ETag.', schema: partReplySchema(part) },
  };
}

function replyOf(part: PartName, spec: TenantSpec) {
  const body = partBodyOf(part, spec);
  return { status: 200, etag: entityTagOf(body), body } as const;
}

/** Checked against the part's schema before. */
function valuesOf(part: PartName, body: Readonly<Record<string, unknown>>): PartValues {
  return { [part]: body[part] ?? undefined };
}
