import type { OpenSession } from '#runtime/call/session-port.ts';
import { MediaSession } from './session.ts';
import type { SessionParts } from './session-parts.ts';
import { DEFAULT_VOICE_OPTIONS, type VoiceOptions } from './voice-options.ts';

export interface CreateSessionsOptions extends Omit<SessionParts, 'options'> {
  /** What differs from `DEFAULT_VOICE_OPTIONS`. */
  readonly options?: Partial<VoiceOptions>;
}

/** The pod's way to hold a conversation on an accepted media socket. */
export function createSessions({ options, ...shared }: CreateSessionsOptions): {
  readonly open: OpenSession;
} {
  const parts: SessionParts = { ...shared, options: { ...DEFAULT_VOICE_OPTIONS, ...options } };
  return { open: (socket, context) => new MediaSession(socket, context, parts) };
}
