/** The value of a JSON text; undefined for any other text, which every schema of an object refuses. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
