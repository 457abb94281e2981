import type { z } from 'zod';
import { apiErrors } from '../rest/api-error.ts';
import { parse } from '../rest/page.ts';
import {
  answerBody,
  bridgeBody,
  type CommandBody,
  gatherUsingSpeakBody,
  hangupBody,
  recordStartBody,
  recordStopBody,
  rejectBody,
  sendDtmfBody,
  speakBody,
  streamingStartBody,
  streamingStopBody,
  transferBody,
} from '../rest/request-bodies.ts';
import type { CallLeg } from './call-leg.ts';
import type { DialledLegs } from './dialled-legs.ts';
import type { Exchange } from './exchange.ts';
import type { Gathers } from './gathers.ts';
import type { Transfers } from './transfers.ts';

/** Carries a command out, or throws ApiError; says whether it had been carried out before, so nothing was done. */
export type Command = (leg: CallLeg, body: unknown) => 'Done' | 'Repeat';

export interface CommandParts {
  readonly exchange: Exchange;
  readonly transfers: Transfers;
  readonly dialled: DialledLegs;
  readonly gathers: Gathers;
}

/** When a command is allowed: while it rings, once it was answered, or as long as the call lives. */
type Allowed = 'parked' | 'answered' | 'live';

/**
 * The call commands by their name in the path. Each checks its body, answers a repeated command_id as it
 * answered the first, checks the call's state, and acts; what it refuses leaves no trace and may be sent again.
 */
export function callCommands({
  exchange,
  transfers,
  dialled,
  gathers,
}: CommandParts): ReadonlyMap<string, Command> {
  return new Map<string, Command>([
    [
      'answer',
      command(answerBody, 'parked', (leg, body) => {
        if (body.webhook_url !== undefined) leg.target = { ...leg.target, url: body.webhook_url };
        exchange.answer(leg);
        const { stream_url } = body;
        if (stream_url === undefined) return;
        const stream = Object.fromEntries(Object.entries(body).filter(([key]) => key.startsWith('stream_')));
        exchange.startStream(leg, { ...stream, stream_url });
      }),
    ],
    [
      'reject',
      command(rejectBody, 'parked', (leg, { cause }) =>
        exchange.end(
          leg,
          cause === 'USER_BUSY'
            ? { cause: 'user_busy', source: 'callee', sip: '486' }
            : { cause: 'call_rejected', source: 'callee', sip: '603' },
        ),
      ),
    ],
    [
      'hangup',
      command(hangupBody, 'live', (leg) =>
        exchange.end(leg, { cause: 'normal_clearing', source: 'callee', sip: '200' }),
      ),
    ],
    [
      'streaming_start',
      command(streamingStartBody, 'answered', (leg, body) => exchange.startStream(leg, body)),
    ],
    [
      'streaming_stop',
      command(streamingStopBody, 'answered', (leg, { stream_id }) => {
        if (stream_id === undefined || stream_id === leg.stream?.id) exchange.stopStream(leg);
      }),
    ],
    ['record_start', command(recordStartBody, 'answered', (leg, body) => exchange.record(leg, body))],
    ['record_stop', command(recordStopBody, 'answered', (leg) => exchange.stopRecording(leg))],
    ['speak', command(speakBody, 'answered', (leg, { payload }) => exchange.speak(leg, payload))],
    ['transfer', command(transferBody, 'answered', (leg, body) => transfers.start(leg, body))],
    ['bridge', command(bridgeBody, 'answered', (leg, body) => dialled.bridge(leg, body))],
    [
      'gather_using_speak',
      command(gatherUsingSpeakBody, 'answered', (leg, body) => gathers.start(leg, body)),
    ],
    ['send_dtmf', command(sendDtmfBody, 'answered', (leg, { digits }) => leg.event(`sent digits ${digits}`))],
  ]);
}

function command<S extends z.ZodType<CommandBody>>(
  schema: S,
  allowed: Allowed,
  act: (leg: CallLeg, body: z.output<S>) => void,
): Command {
  return (leg, json) => {
    const body = parse(schema, json);
    const { command_id, client_state } = body;
    if (command_id !== undefined && leg.isRepeat(command_id)) {
      leg.event(`repeat of ${command_id} dropped`);
      return 'Repeat';
    }
    checkState(leg, allowed);
    const before = leg.clientState;
    // The events that the command causes carry the new state already.
    if (client_state !== undefined) leg.clientState = client_state;
    try {
      act(leg, body);
    } catch (error) {
      leg.clientState = before;
      throw error;
    }
    if (command_id !== undefined) leg.remember(command_id);
    return 'Done';
  };
}

function checkState(leg: CallLeg, allowed: Allowed): void {
  if (!leg.live) throw apiErrors.callEnded();
  const unanswered = leg.state === 'parked' || leg.state === 'dialing';
  if (allowed === 'answered' && unanswered) throw apiErrors.callNotAnswered();
  if (allowed === 'parked' && leg.state !== 'parked') {
    throw apiErrors.invalid('The call has been answered already.');
  }
}
