/** Values as 16-bit samples: what is too loud is cut off, as a microphone does. */
export function samplesOf(values: Float32Array): Int16Array<ArrayBuffer> {
  return Int16Array.from(values, (value) => Math.max(-32_768, Math.min(32_767, value)));
}
