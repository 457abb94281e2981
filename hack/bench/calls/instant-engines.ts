import { type BenchEngines, startBenchEngines } from '../bench-engines.ts';

let answers = 0;

/** Speech engines that take no time, and hear a new answer in each turn, whatever was said. */
export function startInstantEngines(): Promise<BenchEngines> {
  return startBenchEngines({
    async hear(upload) {
      for await (const _chunk of upload) continue;
      // Whoever says the very same over and over is taken for a recording.
      return `My name is Alice Johnson, and this is answer ${++answers}`;
    },
  });
}
