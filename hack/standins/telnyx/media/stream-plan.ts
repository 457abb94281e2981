import type { WireCodec } from './wire-codec.ts';

/** What a stream was started with, checked and negotiated. */
export interface StreamPlan {
  readonly url: string;
  readonly authToken: string | undefined;
  readonly customParameters: Readonly<Record<string, string>>;
  readonly track: 'inbound_track' | 'outbound_track' | 'both_tracks';
  /** What the caller's audio is sent in: `start.media_format`. */
  readonly inbound: WireCodec;
  /** What the agent's audio is read as: what was asked for. */
  readonly outbound: WireCodec;
  /** Why nothing that the agent sends can reach the caller; undefined when it can. */
  readonly inaudible: string | undefined;
}
