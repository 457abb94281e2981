import type { CommandFailure } from '#runtime/call/call-event.ts';

/** One instruction to the carrier about one call. A repeat of `commandID` within 60 s does nothing. */
export type CarrierCommand = { readonly carrierCallID: string; readonly commandID: string } & (
  | { readonly step: 'answer'; readonly clientState: string }
  | { readonly step: 'reject'; readonly cause: 'CALL_REJECTED' | 'USER_BUSY' }
  | { readonly step: 'streaming_stop' }
  | { readonly step: 'hangup' }
  | {
      readonly step: 'speak';
      /** At most 3,000 characters. */
      readonly text: string;
      /** BCP 47; a language of which the carrier has no voice of any region is read as English. */
      readonly language: string;
    }
  | {
      readonly step: 'streaming_start';
      /** ws(s) URL to which the carrier opens the media socket. */
      readonly streamURL: string;
      readonly streamToken: string;
      readonly clientState: string;
    }
  | {
      /** Dials `to` beside the call and bridges the two once it answers; until then the call stays with us. */
      readonly step: 'transfer';
      /** E.164. */
      readonly to: string;
      /** What `to` sees as the caller, E.164; absent: the number that was called. */
      readonly from?: string;
      /** How long it may ring, 5–600 s. */
      readonly timeoutSeconds: number;
      /** After how long the carrier ends the two people's conversation, 30–14,400 s. */
      readonly timeLimitSeconds: number;
      /** Comes back in each webhook of the new leg; names the call it belongs to. */
      readonly legClientState: string;
    }
  | {
      /** Speaks to a leg that we dialled, and waits for one key; `call.gather.ended` tells of it. */
      readonly step: 'gather';
      /** At most 3,000 characters. */
      readonly text: string;
      /** As for `speak`. */
      readonly language: string;
      /** The keys that say something; any other is none of them. */
      readonly keys: string;
      /** How long the key may take once the text was said. */
      readonly timeoutMs: number;
      readonly clientState: string;
    }
  | {
      /** Connects the call with a leg that was answered; each ends with the other. */
      readonly step: 'bridge';
      readonly legCallID: string;
      /** Comes back in each webhook of the call from then on. */
      readonly clientState: string;
    }
  | {
      readonly step: 'record_start';
      readonly what: Recorded;
      readonly clientState: string;
    }
);

/** A leg of its own: linked to the call, and bridged with it by `bridge` alone. A repeat as for any command. */
export interface DialCommand {
  readonly commandID: string;
  /** The carrier's id of the call that it is dialled for. */
  readonly carrierCallID: string;
  /** E.164, both; `from` is what `to` sees. */
  readonly to: string;
  readonly from: string;
  /** How long it may ring, 5–600 s. */
  readonly timeoutSeconds: number;
  /** After how long the carrier ends it, from its answer on. */
  readonly timeLimitSeconds: number;
  /** Comes back in each webhook of the leg; names the call it belongs to. */
  readonly legClientState: string;
}

export interface Dialled {
  readonly result: CarrierResult;
  /** The carrier's id of the leg, where its reply says so. */
  readonly legCallID?: string | undefined;
}

/** What is to be recorded. */
export type Recorded =
  | {
      /** The caller alone, as one channel, after a tone. */
      readonly purpose: 'Voicemail';
      readonly maxSeconds: number;
      /** The recording ends after so much silence, once somebody has spoken. */
      readonly silenceSeconds: number;
    }
  /** Both sides to the end of the call, a channel each, unheard. */
  | { readonly purpose: 'Call' };

export type CarrierResult = 'Done' | CommandFailure;

/** What the carrier knows of a call. */
export type CarrierCallStatus =
  /** `clientState`: what the last command that it took told it to bring back. */
  | { readonly status: 'Live'; readonly clientState: string | undefined }
  /** `endedAtMs`: the carrier's epoch ms of the hang-up, where it tells. */
  | { readonly status: 'Ended'; readonly endedAtMs: number | undefined }
  /** It has never heard of the call, or has forgotten it. */
  | { readonly status: 'Unknown' }
  /** It did not say: ask again later, and conclude nothing. */
  | { readonly status: 'Unreachable' };

/** A leg that is up at the carrier, ours towards a caller or one that we dialled. */
export interface ActiveCall {
  readonly carrierCallID: string;
  /** Signed by us, see client-state.ts; undefined for a call that has not been answered by us. */
  readonly clientState: string | undefined;
}

/** The carrier as the call sees it. A second carrier is a second file beside telnyx.ts. */
export interface Carrier {
  /**
   * Sends a command, with all retries that make sense, and says how it ended. Never throws for what
   * the carrier or the network does; takes at most about 5 s.
   */
  send(command: CarrierCommand): Promise<CarrierResult>;
  /** Dials a leg, likewise. `Unreachable` while our application at the carrier is not known to this pod. */
  dial(command: DialCommand): Promise<Dialled>;
  /** Asks after one call. Never throws; takes at most about 5 s. */
  lookUp(carrierCallID: string): Promise<CarrierCallStatus>;
  /**
   * All legs of our application that are up, at most 10,000; undefined when the carrier did not say
   * all of them, or while the application is not known. Never throws; at most about 5 s a page of 250.
   */
  activeCalls(): Promise<readonly ActiveCall[] | undefined>;
  /**
   * The recordings, by the carrier's id, that our application made of one leg; undefined when the carrier did not say, or
   * while the application is not known. Never throws; at most about 5 s.
   */
  recordingsOfLeg(carrierLegID: string): Promise<readonly string[] | undefined>;
  /** Deletes a recording for good; true when it is gone. Never throws; at most about 5 s. */
  deleteRecording(id: string): Promise<boolean>;
  /** How many commands and questions wait for the carrier's rate limit. */
  readonly waiting: number;
  /** A webhook came from this application of the carrier: its calls are ours. */
  noteApplication(applicationID: string): void;
}
