/** The port of speech recognition: one utterance in, its words out. */
export interface SpeechToText {
  readonly name: string;
  readonly capabilities: SpeechToTextCapabilities;
  /** Words as the engine wrote them; empty where it heard none. Rejects with EngineError or an abort. */
  transcribe(request: TranscribeRequest, signal: AbortSignal): Promise<string>;
  /** Resolves when the engine answers; run before the pod takes calls. */
  warm(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface SpeechToTextCapabilities {
  /** The rate `samples` must have. */
  readonly sampleRateHz: number;
  /** Whether `vocabulary` is of use to it. */
  readonly vocabulary: boolean;
}

export interface TranscribeRequest {
  /** 16-bit mono at the capabilities' rate. */
  readonly samples: Int16Array;
  /** BCP 47, such as en-US. */
  readonly language: string;
  /** Names and words to expect. */
  readonly vocabulary: readonly string[];
}
