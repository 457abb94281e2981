import type { LookupAddress } from 'node:dns';
import { toolsSchema } from '#crds/tenant/tool.ts';
import { httpsSite, PUBLIC_ADDRESS, SITE, type SiteAnswer } from '#hack/testing/https-site.ts';
import { systemClock } from '#lib/clock/clock.ts';
import type { FakeClock } from '#lib/clock/fake-clock.ts';
import { type Logger, silentLogger } from '#lib/log/logger.ts';
import type { TenantTool } from '../tool-arguments.ts';
import { ToolRunner } from '../tool-runner.ts';

type Site = Awaited<ReturnType<typeof httpsSite>>;
const sites: Site[] = [];

export function tool(more: object = {}): TenantTool {
  const [parsed] = toolsSchema.parse([
    {
      name: 'book',
      description: 'Books an appointment.',
      url: `https://${SITE}/book?v=1`,
      parameters: [
        { name: 'day', description: 'The day.' },
        { name: 'kind', description: 'Which.', choices: ['cleaning', 'checkup'], required: false },
      ],
      ...more,
    },
  ]);
  if (!parsed) throw new Error('a list of one tool has one');
  return parsed;
}

export async function setUpTools(script: SiteAnswer[], options: ToolSetUp = {}) {
  const site = await httpsSite(script, options);
  sites.push(site);
  const outcomes: string[] = [];
  const looked: string[] = [];
  const runner = new ToolRunner({
    clock: options.clock ?? systemClock,
    dial: site.dial,
    resolve: async (hostname) => {
      looked.push(hostname);
      if (!options.names) return [{ address: PUBLIC_ADDRESS, family: 4 }];
      const [next] = options.names.length > 1 ? options.names.splice(0, 1) : options.names;
      return next ?? [];
    },
    observer: { finished: (outcome) => outcomes.push(outcome) },
    log: options.log ?? silentLogger,
  });
  return { site, runner, outcomes, looked };
}

export interface ToolSetUp {
  /** What each look-up finds; the last for all that follow. */
  readonly names?: (readonly LookupAddress[])[];
  readonly clock?: FakeClock;
  readonly down?: readonly string[];
  readonly name?: string;
  readonly log?: Logger;
}

export const request = (
  more: object = {},
  args: Record<string, unknown> = { day: 'Monday' },
  id = 'call_1',
) => ({
  callID: 'c-1',
  tool: tool(more),
  call: { id, name: 'book', arguments: args },
});

export const at = (...addresses: string[]): LookupAddress[] =>
  addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));

export async function closeSites(): Promise<void> {
  for (const site of sites.splice(0)) await site.close();
}
