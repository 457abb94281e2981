import { apiErrors } from '../rest/api-error.ts';
import type { StreamingStartBody } from '../rest/request-bodies.ts';
import type { Settings } from '../settings.ts';
import type { StreamPlan } from './stream-plan.ts';
import { type WireCodec, wireCodec } from './wire-codec.ts';

/**
 * What Telnyx makes of the stream fields of a command. Throws 422 where a codec and its rate do not
 * belong together. Both directions have a codec of their own: the agent's is what was asked for,
 * the caller's is `stream_codec`, or else the leg's.
 */
export function planStream(body: StreamingStartBody, settings: Readonly<Settings>): StreamPlan {
  const asked = body.stream_bidirectional_codec ?? 'PCMU';
  const rate = body.stream_bidirectional_sampling_rate ?? 8_000;
  const outbound = codecOf(asked, rate, settings, '/stream_bidirectional_codec');
  return {
    url: body.stream_url,
    authToken: body.stream_auth_token,
    customParameters: Object.fromEntries(
      (body.custom_parameters ?? []).map(({ name, value }) => [name, value]),
    ),
    track: body.stream_track ?? 'inbound_track',
    inbound: inboundCodec(body, outbound, settings),
    outbound,
    inaudible: whyInaudible(body, settings),
  };
}

function inboundCodec(
  body: StreamingStartBody,
  outbound: WireCodec,
  settings: Readonly<Settings>,
): WireCodec {
  const asked = body.stream_codec ?? 'default';
  if (asked !== 'default') {
    const rate = asked === 'L16' || asked === 'OPUS' ? outbound.rateHz : 8_000;
    return codecOf(asked, rate, settings, '/stream_codec');
  }
  if (outbound.encoding === 'L16' && settings.l16BothWays) return outbound;
  const { legCodec } = settings;
  return codecOf(legCodec, legCodec === 'OPUS' ? 48_000 : 8_000, settings, '/stream_codec');
}

function codecOf(encoding: string, rate: number, settings: Readonly<Settings>, pointer: string): WireCodec {
  const codec = wireCodec(encoding, rate, settings.l16ByteOrder);
  if (codec) return codec;
  const reason =
    encoding === 'PCMU' || encoding === 'PCMA' || encoding === 'G722'
      ? `${encoding} has a sampling rate of 8000 only.`
      : `${encoding} at ${rate} Hz cannot be coded by the stand-in.`;
  throw apiErrors.invalid(reason, pointer);
}

function whyInaudible(body: StreamingStartBody, settings: Readonly<Settings>): string | undefined {
  // The default, mp3, expects MP3 files: RTP payloads are not played.
  if (body.stream_bidirectional_mode !== 'rtp') return 'media was sent to a stream in mp3 mode';
  const legs = body.stream_bidirectional_target_legs ?? 'opposite';
  if (settings.audibleTargetLegs.includes(legs)) return undefined;
  return `media was sent to target legs (${legs}) that do not reach the caller`;
}
