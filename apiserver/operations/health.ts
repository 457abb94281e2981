import { z } from 'zod';
import { ANYBODY } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';
import {
  DEPENDENCY_NAMES,
  DEPENDENCY_STATES,
  type DependencyName,
  type DependencyWatch,
} from './dependency-watch.ts';

export interface HealthDeps {
  readonly dependencies: Pick<DependencyWatch, 'states'>;
  /** Why the server does not want requests now (starting, ending), else undefined. */
  readonly notServing: () => string | undefined;
}

/**
 * Without the others people are served all the same: requests are counted in memory, read what was observed last, or are
 * mailed later.
 */
const NEEDED: readonly DependencyName[] = ['postgres', 'informer'];

const publicCheckSchema = z.strictObject({
  state: z
    .enum(DEPENDENCY_STATES)
    .describe('Stale: it can be used, but nothing was heard of it for longer than is usual.'),
  ageMs: z.number().int().nullable().describe('How long ago it was last heard from. Null: never.'),
});
const checkSchema = publicCheckSchema.extend({
  problem: z.string().optional().describe('Why it cannot be used.'),
});

/** How the server is, of what is said about each thing that it leans on. */
const schemaOf = <Check extends z.ZodType>(check: Check) =>
  z.strictObject({
    ready: z.boolean().describe('Whether it serves, and what it cannot serve without is not down.'),
    problem: z.string().optional().describe('Why it does not want requests.'),
    checks: z
      .partialRecord(z.enum(DEPENDENCY_NAMES), check)
      .describe(
        'What it leans on; the informer is its live copy of the Tenant resources, mail the server that takes its mails.',
      )
      .meta({
        examples: [
          {
            postgres: { state: 'Up', ageMs: 812 },
            redis: { state: 'Up', ageMs: 790 },
            informer: { state: 'Up', ageMs: 24_103 },
          },
        ],
      }),
  });

/** As staff read it, with what went wrong. */
export const readinessSchema = schemaOf(checkSchema);
/** As anybody does: errors may name hosts, roles and addresses. */
const publicReadinessSchema = schemaOf(publicCheckSchema);

/** `GET /health`: the process turns its event loop. */
export function healthRoute(): Route {
  return defineRoute({
    method: 'GET',
    path: '/health',
    operationID: 'readHealth',
    summary: 'Liveness: the process answers.',
    access: ANYBODY,
    replies: { 200: { description: 'It does.', schema: z.strictObject({ status: z.literal('ok') }) } },
    handle: async () => ({ status: 200, body: { status: 'ok' } }) as const,
  });
}

/** `GET /ready`: each dependency by name; 503 when one that is needed cannot be used. Asks none of them. */
export function readyRoute(deps: HealthDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/ready',
    operationID: 'readReadiness',
    summary: 'Readiness: whether Postgres, Redis and the Tenant resources can be used.',
    access: ANYBODY,
    replies: {
      200: { description: 'Ready to serve.', schema: publicReadinessSchema },
      503: { description: 'Not ready, and why.', schema: publicReadinessSchema },
    },
    handle: async () => {
      const { checks, ...readiness } = readinessOf(deps);
      const states = Object.entries(checks).map(([name, { state, ageMs }]) => [name, { state, ageMs }]);
      const body = { ...readiness, checks: Object.fromEntries(states) };
      return body.ready ? { status: 200 as const, body } : { status: 503 as const, body };
    },
  });
}

export function readinessOf({ dependencies, notServing }: HealthDeps): z.input<typeof readinessSchema> {
  const states = dependencies.states();
  const problem = notServing();
  return {
    ready: problem === undefined && NEEDED.every((name) => states.get(name)?.state !== 'Down'),
    ...(problem === undefined ? {} : { problem }),
    checks: Object.fromEntries(states),
  };
}
