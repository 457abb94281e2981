/** The port of speech synthesis: a clause in, its sound out as it is made. */
export interface TextToSpeech {
  readonly name: string;
  readonly capabilities: TextToSpeechCapabilities;
  /**
   * The clause piece by piece. A consumer that stops reading slows the engine down; one that leaves
   * the loop ends the request. Throws EngineError, or an abort.
   */
  speak(request: SpeakRequest, signal: AbortSignal): AsyncIterable<SpokenPart>;
  warm(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface TextToSpeechCapabilities {
  readonly sampleRateHz: number;
  /** Whether parts come with their words. */
  readonly timestamps: boolean;
}

export interface SpeakRequest {
  readonly text: string;
  /** BCP 47, such as en-US; absent for English. Engines whose voices have one language ignore it. */
  readonly language?: string | undefined;
  /** Which of the runtime's engines is to speak, by its name in the spec. Absent, or none has the name: the first. */
  readonly engine?: string | undefined;
  /** That engine's own name of a voice; absent for its default. */
  readonly voice?: string | undefined;
  /** 1 is the voice's own pace. */
  readonly speed: number;
}

export interface SpokenPart {
  /** 16-bit mono at the capabilities' rate. */
  readonly samples: Int16Array;
  /** The words that begin in this part, where the engine tells them. */
  readonly words?: readonly SpokenWord[];
}

/** A word as it was spoken, in milliseconds from the clause's first sample. */
export interface SpokenWord {
  readonly text: string;
  readonly startMs: number;
  readonly endMs: number;
}
