export type EngineKind = 'stt' | 'llm' | 'tts';

/** What logs, metrics and the parts of a pod call an engine, by its kind and its name in the spec. */
export function engineName(kind: EngineKind, name: string): string {
  return `${kind}/${name}`;
}

/**
 * The environment variable in which a runtime's pods find the key of an engine's API. `position`: 0
 * for the preferred engine of its kind, from 1 for its fallbacks in their order.
 */
export function engineKeyVariable(kind: EngineKind, position: number): string {
  const which = position === 0 ? '' : `_FALLBACK_${position}`;
  return `${kind.toUpperCase()}${which}_API_KEY`;
}
