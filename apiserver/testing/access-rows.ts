import { randomUUID } from 'node:crypto';
import type { Scope } from '../identity/permissions.ts';
import type { OUTCOMES } from './access-outcomes.ts';
import { type AccessWorld, WORKFLOW } from './access-world.ts';

/** What of a route the matrix has to know. */
export interface Row {
  readonly who: keyof typeof OUTCOMES;
  /** What a key needs; absent: no key may call. */
  readonly scope?: Scope;
  /** Answered where the caller may; absent: 200. */
  readonly status?: number;
  readonly body?: (world: AccessWorld) => unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it ends those who call, so that others have to call the next route. */
  readonly isByNewcomers?: boolean;
  /** Something of our tenant that the path names: for everybody else it is 404. */
  readonly target?: (world: AccessWorld) => Promise<string>;
}

const READ: Row = { who: 'viewer', scope: 'configuration:read' };
const WRITE: Row = { who: 'admin', scope: 'configuration:write', headers: { 'if-match': '*' } };

/** GET and PUT of a part of the configuration, and PATCH of one that is no list. */
function partRows(part: string, value: object): Record<string, Row> {
  return sectionRows(part, { [part]: value }, !Array.isArray(value));
}

function sectionRows(section: string, body: object, isPatched: boolean): Record<string, Row> {
  const path = `/api/admin/config/${section}`;
  const write: Row = { ...WRITE, body: () => body };
  return {
    [`GET ${path}`]: READ,
    [`PUT ${path}`]: write,
    ...(isPatched ? { [`PATCH ${path}`]: write } : {}),
  };
}

/** Each route of the registry; one without a row fails. */
export const ROWS: Readonly<Record<string, Row>> = {
  'GET /health': { who: 'anybody' },
  'GET /ready': { who: 'anybody' },
  'POST /api/auth/signup': {
    who: 'anybody',
    status: 201,
    body: () => ({
      email: `${randomUUID()}@example.com`,
      password: 'SecureP@ss123',
      name: 'A',
      companyName: 'B',
    }),
  },
  // Whoever calls: the body says who it is.
  'POST /api/auth/login': {
    who: 'anybody',
    body: () => ({ email: 'matrix@example.com', password: 'SecureP@ss123' }),
  },
  // The tokens that are sent say who it is: without good ones it is 401 for everybody.
  'POST /api/auth/refresh': { who: 'anybody', status: 401, body: () => ({ refreshToken: 'vlr_none' }) },
  'POST /api/auth/logout': { who: 'person', status: 204 },
  'POST /api/auth/logout-everywhere': { who: 'person', status: 204 },
  'POST /api/auth/password': {
    who: 'person',
    status: 204,
    body: () => ({ currentPassword: 'SecureP@ss123', newPassword: 'SecureP@ss123' }),
  },
  // By somebody new each time, who is gone afterwards.
  'POST /api/auth/account/close': {
    who: 'person',
    status: 204,
    isByNewcomers: true,
    body: () => ({ password: 'SecureP@ss123' }),
  },
  'POST /api/auth/password/forgotten': {
    who: 'anybody',
    status: 204,
    body: () => ({ email: 'matrix@example.com' }),
  },
  // The link that is sent says who it is: without a good one it is 403 for everybody.
  'POST /api/auth/password/reset': {
    who: 'anybody',
    status: 403,
    body: () => ({ token: 'vll_none', newPassword: 'SecureP@ss123' }),
  },
  'POST /api/auth/email/verify': { who: 'anybody', status: 403, body: () => ({ token: 'vll_none' }) },
  'POST /api/notifications/addresses/prove': {
    who: 'anybody',
    status: 403,
    body: () => ({ token: 'vll_none' }),
  },
  'POST /api/auth/email/send-verification': { who: 'person', status: 204 },
  'POST /api/auth/invitations/accept': { who: 'person', status: 403, body: () => ({ token: 'vll_none' }) },
  'POST /api/auth/invitations/join': {
    who: 'anybody',
    status: 403,
    body: () => ({ token: 'vll_none', name: 'A', password: 'SecureP@ss123' }),
  },
  // The outside token says who it is there: without a good one it is 401 for everybody.
  'POST /api/auth/identities': { who: 'person', status: 401, body: () => ({ token: 'none' }) },
  'GET /api/auth/identities': { who: 'person' },
  // Nobody has the one that is named.
  'DELETE /api/auth/identities/{identityID}': {
    who: 'person',
    status: 404,
    target: async () => randomUUID(),
  },
  'GET /api/auth/tenants': { who: 'person' },
  // Nobody is a member of what is not there.
  'POST /api/auth/switch': { who: 'person', status: 404, body: () => ({ tenantID: randomUUID() }) },
  'GET /api/auth/me': { who: 'person' },
  'GET /api/admin/members': { who: 'viewer' },
  'PATCH /api/admin/members/{userID}': {
    who: 'admin',
    body: () => ({ role: 'Admin' }),
    target: ({ addViewer }) => addViewer(),
  },
  'DELETE /api/admin/members/{userID}': {
    who: 'admin',
    status: 204,
    target: ({ addViewer }) => addViewer(),
  },
  'POST /api/admin/invitations': {
    who: 'admin',
    status: 201,
    body: () => ({ email: `${randomUUID()}@example.com`, role: 'Viewer' }),
  },
  'GET /api/admin/invitations': { who: 'admin' },
  'GET /api/admin/invitations/{invitationID}': {
    who: 'admin',
    target: ({ addInvitation }) => addInvitation(),
  },
  'DELETE /api/admin/invitations/{invitationID}': {
    who: 'admin',
    status: 204,
    target: ({ addInvitation }) => addInvitation(),
  },
  'POST /api/admin/api-keys': {
    who: 'admin',
    status: 201,
    body: () => ({ name: 'A', scopes: ['calls:read'] }),
  },
  'GET /api/admin/api-keys': { who: 'admin' },
  'GET /api/admin/api-keys/{keyID}': { who: 'admin', target: ({ addKey }) => addKey() },
  'DELETE /api/admin/api-keys/{keyID}': { who: 'admin', status: 204, target: ({ addKey }) => addKey() },
  'GET /api/admin/calls': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/calls/{callID}': { who: 'viewer', scope: 'calls:read', target: ({ addCall }) => addCall() },
  'GET /api/admin/leads': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/system/health': { who: 'staff' },
  'GET /api/admin/live-calls': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/exports/calls': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/exports/tenant': { who: 'owner' },
  'GET /api/admin/exports/leads': { who: 'viewer', scope: 'calls:read' },
  'GET /api/admin/system/signup': { who: 'staff' },
  'PUT /api/admin/system/signup': { who: 'staff', body: () => ({ isOpen: true, reason: 'the matrix' }) },
  'GET /api/admin/system/audit': { who: 'staff' },
  'GET /api/admin/audit': { who: 'admin' },
  'POST /api/admin/tenant/close': {
    who: 'owner',
    status: 202,
    body: ({ tenantName }) => ({ name: tenantName, data: 'Retain', password: 'SecureP@ss123' }),
  },
  'POST /api/admin/erasures': { who: 'admin', status: 202, body: () => ({ number: '+13125550142' }) },
  'GET /api/admin/erasures': { who: 'admin' },
  'GET /api/admin/erasures/{erasureID}': { who: 'admin', target: ({ addErasure }) => addErasure() },
  'GET /api/admin/usage': { who: 'viewer', scope: 'usage:read' },
  ...partRows('assistant', { greeting: 'Hello.' }),
  ...partRows('businessHours', {}),
  ...partRows('busy', {}),
  ...partRows('callScreening', {}),
  ...partRows('knowledge', []),
  ...partRows('knowledgeFrom', []),
  ...partRows('notifications', {}),
  ...sectionRows('profile', { displayName: 'Ours' }, true),
  ...partRows('recording', {}),
  ...partRows('tools', []),
  ...partRows('transcripts', {}),
  ...partRows('transferTargets', []),
  'GET /api/admin/workflows': READ,
  'POST /api/admin/workflows': {
    ...WRITE,
    status: 201,
    body: () => ({ ...WORKFLOW, name: randomUUID() }),
  },
  'GET /api/admin/workflows/{name}': { ...READ, target: async (world) => world.addWorkflow() },
  'PUT /api/admin/workflows/{name}': {
    ...WRITE,
    body: () => WORKFLOW,
    target: async (world) => world.addWorkflow(),
  },
  'DELETE /api/admin/workflows/{name}': {
    ...WRITE,
    status: 204,
    target: async (world) => world.addWorkflow(),
  },
  'GET /api/admin/config/revisions': READ,
  'GET /api/admin/config/revisions/{revisionID}': { ...READ, target: (world) => world.addRevision() },
  'POST /api/admin/config/revisions/{revisionID}/restore': {
    ...WRITE,
    target: (world) => world.addRevision(),
  },
  'GET /api/admin/notifications/addresses': READ,
  'GET /api/admin/notifications/deliveries': READ,
  'GET /api/admin/notifications/deliveries/{deliveryID}': { ...READ, target: (world) => world.addDelivery() },
  'POST /api/admin/notifications/deliveries/{deliveryID}/resend': {
    ...WRITE,
    status: 202,
    target: (world) => world.addDelivery(),
  },
  'GET /api/admin/notifications/secrets': { who: 'admin' },
  'POST /api/admin/notifications/secrets': { who: 'admin', status: 201, body: () => ({}) },
  'DELETE /api/admin/notifications/secrets/{secretID}': {
    who: 'admin',
    status: 204,
    target: (world) => world.addSecret(),
  },
};
