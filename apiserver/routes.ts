import { listAuditRoute, listPlatformAuditRoute } from './audit/list-audit.ts';
import { getCallRoute } from './calls/get-call.ts';
import { listCallsRoute } from './calls/list-calls.ts';
import { listLeadsRoute } from './calls/list-leads.ts';
import { liveCallsRoute } from './calls/live-calls.ts';
import type { LiveFeed } from './calls/live-feed.ts';
import { type ConfigurationDeps, partRoutes } from './configuration/part-routes.ts';
import { revisionRoutes } from './configuration/revision-routes.ts';
import { workflowRoutes } from './configuration/workflow-routes.ts';
import {
  type ErasureDeps,
  eraseCallerRoute,
  getErasureRoute,
  listErasuresRoute,
} from './erasures/erasure-routes.ts';
import { type ExportDeps, exportCallsRoute } from './exports/export-calls.ts';
import { exportLeadsRoute } from './exports/export-leads.ts';
import { exportTenantRoute } from './exports/export-tenant.ts';
import type { Route } from './http/route.ts';
import { changePasswordRoute } from './identity/change-password.ts';
import { closeAccountRoute } from './identity/close-account.ts';
import {
  forgottenPasswordRoute,
  resetPasswordRoute,
  sendVerificationRoute,
  verifyEmailRoute,
} from './identity/forgotten-password.ts';
import { acceptInvitationRoute, joinRoute } from './identity/join.ts';
import { type LoginDeps, loginRoute } from './identity/login.ts';
import { logoutEverywhereRoute, logoutRoute } from './identity/logout.ts';
import { meRoute } from './identity/me.ts';
import {
  type IdentityDeps,
  linkIdentityRoute,
  listIdentitiesRoute,
  unlinkIdentityRoute,
} from './identity/outside-identities.ts';
import { refreshRoute } from './identity/refresh.ts';
import { type SignupDeps, signupRoute } from './identity/signup.ts';
import { readSignupRoute, switchSignupRoute } from './identity/signup-switch.ts';
import { listTenantsRoute, switchRoute } from './identity/switch-tenant.ts';
import { createKeyRoute, getKeyRoute, listKeysRoute, revokeKeyRoute } from './members/api-keys.ts';
import {
  getInvitationRoute,
  inviteRoute,
  listInvitationsRoute,
  revokeInvitationRoute,
} from './members/invitations.ts';
import { changeMemberRoute, listMembersRoute, removeMemberRoute } from './members/members.ts';
import { type DeliveryRouteDeps, deliveryRoutes } from './notifications/delivery-routes.ts';
import { listAddressesRoute } from './notifications/list-addresses.ts';
import { proveAddressRoute } from './notifications/prove-address.ts';
import { type SecretRouteDeps, secretRoutes } from './notifications/secret-routes.ts';
import { healthRoute, readyRoute } from './operations/health.ts';
import { type SystemHealthDeps, systemHealthRoute } from './operations/system-health.ts';
import { type CloseTenantDeps, closeTenantRoute } from './tenants/close-tenant.ts';
import { getUsageRoute } from './usage/get-usage.ts';

/** What the routes need, all together; each takes its part. */
export type RouteDeps = SignupDeps &
  LoginDeps &
  IdentityDeps &
  SystemHealthDeps &
  ConfigurationDeps &
  DeliveryRouteDeps &
  SecretRouteDeps &
  CloseTenantDeps &
  ErasureDeps &
  ExportDeps & { readonly liveFeed: LiveFeed };

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
    closeAccountRoute(deps),
    forgottenPasswordRoute(deps),
    resetPasswordRoute(deps),
    verifyEmailRoute(deps),
    sendVerificationRoute(deps),
    acceptInvitationRoute(deps),
    joinRoute(deps),
    meRoute(),
    linkIdentityRoute(deps),
    listIdentitiesRoute(deps),
    unlinkIdentityRoute(deps),
    listTenantsRoute(deps),
    switchRoute(deps),
    listMembersRoute(deps),
    changeMemberRoute(deps),
    removeMemberRoute(deps),
    inviteRoute(deps),
    listInvitationsRoute(deps),
    getInvitationRoute(deps),
    revokeInvitationRoute(deps),
    createKeyRoute(deps),
    listKeysRoute(deps),
    getKeyRoute(deps),
    revokeKeyRoute(deps),
    listCallsRoute(deps),
    getCallRoute(deps),
    listLeadsRoute(deps),
    liveCallsRoute(deps),
    exportCallsRoute(deps),
    exportLeadsRoute(deps),
    exportTenantRoute(deps),
    getUsageRoute(deps),
    systemHealthRoute(deps),
    closeTenantRoute(deps),
    eraseCallerRoute(deps),
    listErasuresRoute(deps),
    getErasureRoute(deps),
    readSignupRoute(deps),
    switchSignupRoute(deps),
    listAuditRoute(deps),
    listPlatformAuditRoute(deps),
    ...partRoutes(deps),
    ...workflowRoutes(deps),
    ...revisionRoutes(deps),
    ...deliveryRoutes(deps),
    ...secretRoutes(deps),
    listAddressesRoute(deps),
    proveAddressRoute(deps),
  ];
}
