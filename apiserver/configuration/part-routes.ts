import type { TenantSpec } from '#crds/tenant/tenant.ts';
import { inTenant } from '../http/access.ts';
import { assertMatch, entityTagOf } from '../http/entity-tag.ts';
import { defineRoute, type Route } from '../http/route.ts';
import { answering, READ_PROBLEMS, WRITE_PROBLEMS } from './answer-configuration.ts';
import { changeRequest, receiversSentence } from './change-request.ts';
import { invalidBySchema } from './invalid-configuration.ts';
import type { PartValues } from './live-tenant.ts';
import { mergePatch } from './merge-patch.ts';
import {
  sectionBodyOf,
  sectionPatchSchema,
  sectionReplySchema,
  sectionRequestSchema,
} from './part-schemas.ts';
import { type ReadDeps, readConfiguration } from './read-configuration.ts';
import { SECTIONS, type Section } from './section.ts';
import { type WriteDeps, writeConfiguration } from './write-configuration.ts';

export type ConfigurationDeps = ReadDeps & WriteDeps;

/** GET, PUT and, for what is no list, PATCH of each section of a tenant's configuration. */
export function partRoutes(deps: ConfigurationDeps): readonly Route[] {
  return SECTIONS.flatMap((section) => [
    readRoute(deps, section),
    replaceRoute(deps, section),
    ...(section.isList ? [] : [patchRoute(deps, section)]),
  ]);
}

function readRoute(deps: ConfigurationDeps, section: Section): Route {
  return defineRoute({
    ...placeOf('read', section),
    method: 'GET',
    summary: `Read ${section.what}.`,
    access: inTenant('Viewer', { scope: 'configuration:read' }),
    replies: repliesOf(section),
    problems: READ_PROBLEMS,
    handle: async ({ principal }) => {
      const spec = await answering(() => readConfiguration(deps, principal.tenant.id));
      return replyOf(section, spec);
    },
  });
}

function replaceRoute(deps: ConfigurationDeps, section: Section): Route {
  return defineRoute({
    ...placeOf('replace', section),
    method: 'PUT',
    summary: `Replace ${section.what}. What is left out gets its default.${receiversSentence(section.parts)}`,
    access: inTenant('Admin', { scope: 'configuration:write' }),
    body: sectionRequestSchema(section),
    replies: repliesOf(section),
    conditional: true,
    problems: WRITE_PROBLEMS,
    handle: async ({ principal, body, ifMatch }) => {
      const change = (spec: TenantSpec) => {
        assertMatch(ifMatch, entityTagOf(sectionBodyOf(section, spec)));
        return valuesOf(section, body);
      };
      const request = changeRequest(principal, change);
      return replyOf(section, await answering(() => writeConfiguration(deps, request)));
    },
  });
}

function patchRoute(deps: ConfigurationDeps, section: Section): Route {
  return defineRoute({
    ...placeOf('change', section),
    method: 'PATCH',
    summary: `Change some of ${section.what}, as JSON Merge Patch (RFC 7396): null gives a field its default.${receiversSentence(section.parts)}`,
    access: inTenant('Admin', { scope: 'configuration:write' }),
    body: sectionPatchSchema(section),
    replies: repliesOf(section),
    problems: [...WRITE_PROBLEMS, 'precondition_failed'],
    handle: async ({ principal, body, ifMatch }) => {
      const change = (spec: TenantSpec) => {
        const before = sectionBodyOf(section, spec);
        if (ifMatch !== '') assertMatch(ifMatch, entityTagOf(before));
        const after = sectionRequestSchema(section).safeParse(mergePatch(before, body));
        if (!after.success) throw invalidBySchema(after.error);
        return valuesOf(section, after.data);
      };
      const request = changeRequest(principal, change);
      return replyOf(section, await answering(() => writeConfiguration(deps, request)));
    },
  });
}

function placeOf(verb: string, { name }: Section) {
  const noun = `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
  return { path: `/api/admin/config/${name}`, operationID: `${verb}${noun}` };
}

function repliesOf(section: Section) {
  const description = 'It as it is now, with every default, and its ETag.';
  return { 200: { description, schema: sectionReplySchema(section) } };
}

function replyOf(section: Section, spec: TenantSpec) {
  const body = sectionBodyOf(section, spec);
  return { status: 200, etag: entityTagOf(body), body } as const;
}

/** Checked against the section's schema before. */
function valuesOf({ parts }: Section, body: Readonly<Record<string, unknown>>): PartValues {
  return Object.fromEntries(parts.map((part) => [part, body[part] ?? undefined]));
}
