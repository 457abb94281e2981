import { type Request, Router } from 'express';
import type Telnyx from 'telnyx';
import type { CallLeg } from '../calls/call-leg.ts';
import { type CommandRecord, note } from '../calls/call-record.ts';
import type { Command } from '../calls/commands.ts';
import type { DialledLegs } from '../calls/dialled-legs.ts';
import type { Exchange } from '../calls/exchange.ts';
import type { Applications } from '../inventory/applications.ts';
import { ApiError, apiErrors } from './api-error.ts';
import { pageOf, parse } from './page.ts';
import { dialBody } from './request-bodies.ts';

export interface CallRouteParts {
  readonly exchange: Exchange;
  readonly dialled: DialledLegs;
  readonly applications: Applications;
}

/** Commands on calls, and what can be asked about them. */
export function callRoutes(
  { exchange, dialled, applications }: CallRouteParts,
  commands: ReadonlyMap<string, Command>,
): Router {
  const router = Router();

  router.post('/calls', (request, response) => {
    const leg = dialled.dial(parse(dialBody, request.body), senderOf(request));
    response.json({ data: dialledOf(leg) });
  });

  router.post('/calls/:id/actions/:action', (request, response) => {
    const { id, action } = request.params;
    const run = commands.get(action);
    if (!run) throw apiErrors.notFound(`call command ${action}`);
    const leg = exchange.find(id);
    if (!leg) throw apiErrors.unknownCall();
    const record: CommandRecord = {
      at: leg.now(),
      action,
      body: request.body as unknown,
      from: senderOf(request),
      result: '200',
    };
    note(leg.record.commands, record);
    try {
      if (run(leg, request.body) === 'Repeat') record.repeat = true;
    } catch (error) {
      record.result =
        error instanceof ApiError ? `${error.status} ${error.code} ${error.message}` : String(error);
      throw error;
    }
    response.json({ data: { result: 'ok' } });
  });

  router.get('/calls/:id', (request, response) => {
    const leg = exchange.find(request.params.id);
    if (!leg) throw apiErrors.notFound(`call ${request.params.id}`);
    response.json({ data: statusOf(leg) });
  });

  router.get('/connections/:id/active_calls', (request, response) => {
    const { id } = applications.get(request.params.id);
    const active = exchange.liveLegs().filter((leg) => leg.record.connectionID === id);
    response.json(pageOf(active.map(activeCallOf), request.query));
  });
  return router;
}

function senderOf(request: Request): string {
  return `${request.socket.remoteAddress}:${request.socket.remotePort} ${request.get('user-agent') ?? ''}`;
}

/** Dialling goes on after the reply, so the call is not alive yet. */
function dialledOf({ record, clientState }: CallLeg): NonNullable<Telnyx.CallDialResponse['data']> {
  return {
    record_type: 'call',
    call_control_id: record.callControlID,
    call_leg_id: record.id,
    call_session_id: record.callSessionID,
    is_alive: false,
    ...(clientState === null ? {} : { client_state: clientState }),
  };
}

function statusOf(leg: CallLeg): NonNullable<Telnyx.CallRetrieveStatusResponse['data']> {
  const { record } = leg;
  return {
    ...activeCallOf(leg),
    // As the API's reference has it: what is being dialled is not alive yet.
    is_alive: leg.live && record.state !== 'dialing',
    start_time: record.startedAt,
    ...(record.endedAt === undefined ? {} : { end_time: record.endedAt }),
  };
}

function activeCallOf(leg: CallLeg): Telnyx.ConnectionListActiveCallsResponse {
  const { record } = leg;
  const endMs = Date.parse(record.endedAt ?? leg.now());
  return {
    record_type: 'call',
    call_control_id: record.callControlID,
    call_leg_id: record.id,
    call_session_id: record.callSessionID,
    call_duration: Math.floor((endMs - Date.parse(record.startedAt)) / 1_000),
    client_state: leg.clientState ?? '',
  };
}
