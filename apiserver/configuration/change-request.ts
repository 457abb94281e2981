import { ApiError } from '../http/api-error.ts';
import { hasScope, type InTenant } from '../identity/principal.ts';
import type { PartName, PartValues } from './live-tenant.ts';
import type { WriteRequest } from './write-configuration.ts';

/**
 * A change of a tenant's configuration, by whoever asked for it. What it throws is ApiError `not_permitted` where an API
 * key would have callers, or what they say, sent to somebody new without the scope for it.
 */
export function changeRequest(principal: InTenant, change: WriteRequest['change']): WriteRequest {
  const { id: tenantID, name } = principal.tenant;
  const author =
    principal.kind === 'ApiKey'
      ? ({ kind: 'ApiKey', id: principal.keyID } as const)
      : ({ kind: 'Person', id: principal.user.id } as const);
  if (principal.kind !== 'ApiKey' || hasScope(principal, 'receivers:write')) {
    return { tenantID, name, author, change };
  }
  const keeping: WriteRequest['change'] = (spec) => {
    const values = change(spec);
    refuseNewReceivers(spec, values);
    return values;
  };
  return { tenantID, name, author, change: keeping };
}

interface Receiver {
  /** Where in the spec. */
  readonly path: string;
  /** The same text for the same receiver. */
  readonly key: string;
}

/** To name fewer of them, or others of their settings, gives nothing away. */
function refuseNewReceivers(before: PartValues, after: PartValues): void {
  const known = new Set(receiversOf(before).map(({ key }) => key));
  const added = receiversOf(after).filter(({ key }) => !known.has(key));
  if (added.length === 0) return;
  throw new ApiError('not_permitted', 'The key lacks the scope receivers:write.', {
    fields: added.map(({ path }) => ({ path, message: 'names a receiver that was not set before' })),
  });
}

const NAME_RECEIVERS: readonly PartName[] = ['notifications', 'tools', 'transferTargets'];

/** What OpenAPI says of a route that changes these parts. */
export function receiversSentence(parts: readonly PartName[]): string {
  const names = parts.some((part) => NAME_RECEIVERS.includes(part));
  return names ? ' An API key needs `receivers:write`, too, to name new receivers.' : '';
}

/** Who is sent what callers say, or the callers themselves. */
function receiversOf({ notifications, tools, transferTargets }: PartValues): Receiver[] {
  const webhookURL = notifications?.webhookURL;
  return [
    ...(notifications?.emails ?? []).map((address, at) => ({
      path: `notifications.emails.${at}`,
      key: `email ${address}`,
    })),
    ...(webhookURL === undefined ? [] : [{ path: 'notifications.webhookURL', key: `webhook ${webhookURL}` }]),
    // With its Secret: another service must not be sent the token of this one.
    ...(tools ?? []).map(({ url, secretRef }, at) => ({
      path: `tools.${at}.url`,
      key: `tool ${JSON.stringify([url, secretRef?.name, secretRef?.key])}`,
    })),
    ...(transferTargets ?? []).map(({ number }, at) => ({
      path: `transferTargets.${at}.number`,
      key: `number ${number}`,
    })),
  ];
}
