import type { CommandFailure } from '#runtime/call/call-event.ts';

/** One instruction to the carrier about one call. A repeat of `commandID` within 60 s does nothing. */
export type CarrierCommand = { readonly carrierCallID: string; readonly commandID: string } & (
  | { readonly step: 'answer'; readonly clientState: string }
  | { readonly step: 'reject'; readonly cause: 'CALL_REJECTED' | 'USER_BUSY' }
  | { readonly step: 'streaming_stop' }
  | { readonly step: 'hangup' }
  | { readonly step: 'speak'; readonly text: string; readonly language: 'en-US' }
  | {
      readonly step: 'streaming_start';
      /** ws(s) URL to which the carrier opens the media socket. */
      readonly streamURL: string;
      readonly streamToken: string;
      readonly clientState: string;
    }
);

export type CarrierResult = 'Done' | CommandFailure;

/** The carrier as the call sees it. A second carrier is a second file beside telnyx.ts. */
export interface Carrier {
  /**
   * Sends a command, with all retries that make sense, and says how it ended. Never throws for what
   * the carrier or the network does; takes at most about 5 s.
   */
  send(command: CarrierCommand): Promise<CarrierResult>;
}
