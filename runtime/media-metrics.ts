import { Counter } from 'prom-client';
import type { Registry } from '#lib/metrics/registry.ts';

/** Counts messages on media sockets that were skipped: a carrier that changed its format shows here. */
export function malformedFrameCounter(registry: Registry): () => void {
  const frames = new Counter({
    name: 'veralux_media_malformed_frames_total',
    help: 'Messages of the carrier on media sockets that could not be read and were skipped.',
    registers: [registry],
  });
  return () => frames.inc();
}
