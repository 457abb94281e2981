import { z } from 'zod';
import type { Clock } from '#lib/clock/clock.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { ANYBODY } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';

/** One thing that the server leans on; `check` rejects when it cannot be used. */
export interface Dependency {
  readonly name: 'postgres' | 'redis' | 'tenants';
  readonly check: () => Promise<void>;
}

export interface HealthDeps {
  readonly dependencies: readonly Dependency[];
  /** Why the server does not want requests now (starting, ending), else undefined. */
  readonly notServing: () => string | undefined;
  readonly clock: Clock;
}

/** A probe of a dependency that takes longer than this has failed. */
const CHECK_TIMEOUT_MS = 2_000;

const stateSchema = z.strictObject({ ok: z.boolean(), problem: z.string().optional() });
const readySchema = z.strictObject({
  ready: z.boolean(),
  problem: z.string().optional(),
  checks: z.strictObject({
    postgres: stateSchema.optional(),
    redis: stateSchema.optional(),
    tenants: stateSchema.optional().describe('Whether the Tenant resources have been listed.'),
  }),
});

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

/** `GET /ready`: each dependency by name; 503 when one of them cannot be used. */
export function readyRoute(deps: HealthDeps): Route {
  return defineRoute({
    method: 'GET',
    path: '/ready',
    operationID: 'readReadiness',
    summary: 'Readiness: whether Postgres, Redis and the Tenant resources can be used.',
    access: ANYBODY,
    replies: {
      200: { description: 'Ready to serve.', schema: readySchema },
      503: { description: 'Not ready, and why.', schema: readySchema },
    },
    handle: async () => {
      const states = await Promise.all(
        deps.dependencies.map(async (it) => [it.name, await stateOf(it, deps.clock)] as const),
      );
      const problem = deps.notServing();
      const body = {
        ready: problem === undefined && states.every(([, state]) => state.ok),
        ...(problem === undefined ? {} : { problem }),
        checks: Object.fromEntries(states),
      };
      return body.ready ? { status: 200 as const, body } : { status: 503 as const, body };
    },
  });
}

async function stateOf(dependency: Dependency, clock: Clock): Promise<z.input<typeof stateSchema>> {
  const timeout = Promise.withResolvers<never>();
  const cancel = clock.after(CHECK_TIMEOUT_MS, () =>
    timeout.reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)),
  );
  try {
    await Promise.race([dependency.check(), timeout.promise]);
    return { ok: true };
  } catch (error) {
    return { ok: false, problem: messageOf(error) };
  } finally {
    cancel();
  }
}
