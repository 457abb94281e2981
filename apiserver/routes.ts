import { getCallRoute } from './calls/get-call.ts';
import { listCallsRoute } from './calls/list-calls.ts';
import { listLeadsRoute } from './calls/list-leads.ts';
import type { Route } from './http/route.ts';
import { changePasswordRoute } from './identity/change-password.ts';
import { type LoginDeps, loginRoute } from './identity/login.ts';
import { logoutEverywhereRoute, logoutRoute } from './identity/logout.ts';
import { meRoute } from './identity/me.ts';
import { refreshRoute } from './identity/refresh.ts';
import { type SignupDeps, signupRoute } from './identity/signup.ts';
import { listTenantsRoute, switchRoute } from './identity/switch-tenant.ts';
import { type HealthDeps, healthRoute, readyRoute } from './operations/health.ts';
import { getUsageRoute } from './usage/get-usage.ts';

export type RouteDeps = SignupDeps & LoginDeps & HealthDeps;

/** The registry: every route there is. The router and OpenAPI are made from this list. */
export function allRoutes(deps: RouteDeps): readonly Route[] {
  return [
    healthRoute(),
    readyRoute(deps),
    signupRoute(deps),
    loginRoute(deps),
    refreshRoute(deps),
    logoutRoute(deps),
    logoutEverywhereRoute(deps),
    changePasswordRoute(deps),
    meRoute(),
    listTenantsRoute(deps),
    switchRoute(deps),
    listCallsRoute(deps),
    getCallRoute(deps),
    listLeadsRoute(deps),
    getUsageRoute(deps),
  ];
}
