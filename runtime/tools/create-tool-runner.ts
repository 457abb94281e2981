import type { Clock } from '#lib/clock/clock.ts';
import type { Logger } from '#lib/log/logger.ts';
import type { Registry } from '#lib/metrics/registry.ts';
import { dialTLS } from '#lib/public-web/post-json.ts';
import { resolveByDNS } from '#lib/public-web/resolve-public.ts';
import { createToolObserver } from './tool-metrics.ts';
import { ToolRunner } from './tool-runner.ts';

/** The runner of a pod, shared by all its calls: names by DNS, connections by TLS. */
export function createToolRunner(options: {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly log: Logger;
}): ToolRunner {
  const { clock, registry, log } = options;
  const observer = createToolObserver(registry);
  return new ToolRunner({ clock, log, observer, resolve: resolveByDNS, dial: dialTLS });
}
