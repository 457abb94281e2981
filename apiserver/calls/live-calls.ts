import { inTenant } from '../http/access.ts';
import { defineRoute, type Route } from '../http/route.ts';
import type { LiveFeed } from './live-feed.ts';

/** `GET /api/admin/live-calls`: the calls that are going on, as they come and go. */
export function liveCallsRoute({ liveFeed }: { readonly liveFeed: LiveFeed }): Route {
  return defineRoute({
    method: 'GET',
    path: '/api/admin/live-calls',
    operationID: 'watchLiveCalls',
    summary:
      'Watch the calls that are going on. Every connection begins with all of them, so that one that breaks off is ' +
      'taken up by the next; it ends when the token does.',
    access: inTenant('Viewer', { scope: 'calls:read', needsReason: true }),
    replies: {
      200: {
        description:
          'Server-sent events: `snapshot` with `{calls}`, then `call` with one that is new or has changed, and `ended` ' +
          'with the `{id}` of one that is over. Calls are as in the list.',
        media: {
          'text/event-stream':
            'event: snapshot\ndata: {"calls":[]}\n\n' +
            'event: call\ndata: {"id":"0d7c2f6e-8f0a-4f6b-9f43-0f2d5a1c7b11","from":"+13125550142"}\n\n' +
            'event: ended\ndata: {"id":"0d7c2f6e-8f0a-4f6b-9f43-0f2d5a1c7b11"}\n\n',
        },
      },
    },
    problems: ['busy'],
    handle: async ({ principal, signal }) => {
      const chunks = liveFeed.events(principal.tenant.id, signal);
      return { status: 200, stream: { type: 'text/event-stream', chunks } } as const;
    },
  });
}
