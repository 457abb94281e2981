/** The parts of the API's replies that the demonstration shows and checks. */
export interface CallDetail {
  readonly id: string;
  readonly hangupReason: string | null;
  readonly transcript: readonly {
    readonly speaker: 'Agent' | 'Caller';
    readonly text: string;
    readonly startedAtMs: number;
  }[];
  readonly lead: {
    readonly complete: boolean;
    readonly fields: readonly { readonly name: string; readonly label: string; readonly value: string }[];
  } | null;
  readonly usage: {
    readonly month: string;
    readonly callSeconds: number;
    readonly sttSeconds: number;
    readonly ttsCharacters: number;
  } | null;
}

export interface Usage {
  readonly month: string;
  readonly plan: string | null;
  readonly usage: Readonly<Record<string, number>>;
  readonly limits: Readonly<Record<string, number | null>> | null;
}
