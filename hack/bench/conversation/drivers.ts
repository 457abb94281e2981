import type { EngineKind } from '../bench-engines.ts';

/** What leads a conversation. */
export interface Driver {
  readonly name: string;
  readonly hasModel: boolean;
  /** The engines that a reply takes. */
  readonly kinds: readonly EngineKind[];
}

export const DRIVERS: readonly Driver[] = [
  { name: 'step by step', hasModel: false, kinds: ['stt', 'tts'] },
  { name: 'language model', hasModel: true, kinds: ['stt', 'llm', 'tts'] },
];
