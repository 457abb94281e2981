/** The port of speech synthesis: a clause in, its samples out as they are made. */
export interface TextToSpeech {
  readonly name: string;
  readonly capabilities: TextToSpeechCapabilities;
  /**
   * 16-bit mono at the capabilities' rate. A consumer that stops reading slows the engine down; one
   * that leaves the loop ends the request. Throws EngineError, or an abort.
   */
  speak(request: SpeakRequest, signal: AbortSignal): AsyncIterable<Int16Array>;
  warm(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface TextToSpeechCapabilities {
  readonly sampleRateHz: number;
}

export interface SpeakRequest {
  readonly text: string;
  /** The engine's own name of a voice; absent for its default. */
  readonly voice?: string | undefined;
  /** 1 is the voice's own pace. */
  readonly speed: number;
}
