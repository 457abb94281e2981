/**
 * A restart with every Tenant present: it must find that there is nothing to do, and write nothing but
 * its Lease. Then one during which somebody edits a child.
 */
import { join } from 'node:path';
import { LocalError } from '#hack/local/local-error.ts';
import { waitUntil } from '#hack/local/wait-until.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { SERVICE_ACCOUNTS } from '#lib/kube/resource.ts';
import { type BenchOutcome, seconds, whole } from '../bench-outcome.ts';
import type { BenchContext } from './bench-context.ts';
import { benchTenantName } from './bench-tenant.ts';
import type { PopulatedSite } from './populated-site.ts';
import { readRecording } from './recording.ts';

const TARGET_MS = 30_000;
const RESTORE_TIMEOUT_MS = 120_000;
/** The namespace of one Tenant among many. */
const EDITED = { namespace: `tenant-${benchTenantName(7)}`, name: 'tenant' };
const EDITOR = 'somebody';

interface ServiceAccount extends KubeObject {
  readonly automountServiceAccountToken?: boolean;
}

export async function restartBench(context: BenchContext): Promise<BenchOutcome> {
  const { populated, config, say } = context;
  const site = await populated();
  await site.quiet();
  say('restarting the operator with nothing to do');
  const quiet = await restart(site, 'restart.jsonl');
  say('restarting it after a child was edited');
  await site.stop();
  await edit(site);
  const edited = await restart(site, 'restart-edited.jsonl', () => isRight(site));
  const name = `restart with ${whole(config.TENANTS)} Tenants`;
  return {
    rows: [
      {
        what: `${name}: until the caches are whole and every Tenant was looked at`,
        target: '≤ 30 s',
        measured: `${seconds(quiet.settledMs)} (serving after ${seconds(quiet.readyMs)})`,
        isMet: quiet.settledMs <= TARGET_MS,
      },
      {
        what: `${name}: writes besides the Lease`,
        target: '0',
        measured: String(quiet.writes.length),
        isMet: quiet.writes.length === 0,
      },
      {
        what: 'a child edited while the operator was down is put right',
        target: 'yes',
        measured: `${seconds(edited.restoredMs)} after its start, ${edited.writes.length} writes in all`,
        isMet: true,
      },
    ],
    figures: { quiet, edited },
  };
}

/** Ends the operator where it runs, starts it with its requests written down, and lets it settle. */
async function restart(site: PopulatedSite, file: string, restored?: () => Promise<boolean>) {
  await site.stop();
  const path = join(site.site.directory, file);
  const operator = await site.start({ recordTo: path });
  await waitUntil(() => operator.isReady(), RESTORE_TIMEOUT_MS);
  const readyMs = performance.now() - operator.startedAtMs;
  const wasRestored = restored === undefined || (await waitUntil(restored, RESTORE_TIMEOUT_MS));
  if (!wasRestored) throw new LocalError('child_not_restored', 'The edited child was not put right.');
  const restoredMs = performance.now() - operator.startedAtMs;
  const settledMs = (await site.settled()) - operator.startedAtMs;
  // The recording is whole once the process has ended; the operator goes on without a recorder.
  await site.stop();
  const { requests, leftOut } = await readRecording(path);
  const refused = Array.from({ length: leftOut['refused or without reply'] }, () => 'refused');
  const writes = requests
    .filter(({ method }) => method !== 'GET')
    .map((request) => `${request.method} ${request.path}`)
    .concat(refused);
  await site.start();
  await site.settled();
  return { readyMs, settledMs, restoredMs, writes };
}

async function edit({ site }: PopulatedSite): Promise<void> {
  await site.admin.mergePatch(
    SERVICE_ACCOUNTS,
    EDITED,
    { automountServiceAccountToken: true },
    { fieldManager: EDITOR },
  );
}

async function isRight({ site }: PopulatedSite): Promise<boolean> {
  const account = await site.admin.get<ServiceAccount>(SERVICE_ACCOUNTS, EDITED);
  return account?.automountServiceAccountToken === false;
}
