import type { Kubectl } from '#hack/kubernetes/kubectl.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { eventually } from './eventually.ts';
import { waitReady } from './wait-ready.ts';

/** The account at the carrier: what the operator and the runtime need of it. */
export interface CarrierAccount {
  readonly apiKey: string;
  readonly publicKey: string;
}

const NAMESPACE = 'veralux-system';
const SECRET = 'telnyx';

/** The policy that kubectl applies last: where it is enforced, all are. */
const LAST_POLICY = 'veralux-tenant-namespaces';
const POLICIES_TIMEOUT_MS = 30_000;

/**
 * Applies the local overlay (kinds, roles, policies); resolves when the API server serves the kinds and
 * enforces the policies, which it does about a second after it has stored them.
 */
export async function applyManifests(kubectl: Kubectl, repository: string): Promise<void> {
  await kubectl(['apply', '--server-side', '--kustomize', `${repository}manifests/overlays/local`]);
  await kubectl([
    'wait',
    '--for=condition=Established',
    '--timeout=30s',
    'crd/tenants.veralux.io',
    'crd/phonenumbers.veralux.io',
    'crd/voiceruntimes.veralux.io',
  ]);
  await eventually('the admission policies in force', POLICIES_TIMEOUT_MS, async () => {
    try {
      await kubectl(['create', 'namespace', 'tenant-probe', '--dry-run=server']);
      return undefined;
    } catch (error) {
      if (error instanceof LocalError && error.message.includes(LAST_POLICY)) return true;
      throw error;
    }
  });
}

/** Applies the carrier's Secret and the VoiceRuntime that stands for the local runtime process. */
export async function applyRuntime(
  kubectl: Kubectl,
  runtime: { readonly account: CarrierAccount; readonly url: string; readonly engines: object },
): Promise<void> {
  const { account, url, engines } = runtime;
  const objects = [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: SECRET, namespace: NAMESPACE },
      stringData: { apiKey: account.apiKey, publicKey: account.publicKey },
    },
    {
      apiVersion: 'veralux.io/v1alpha1',
      kind: 'VoiceRuntime',
      metadata: { name: 'shared', namespace: NAMESPACE },
      spec: {
        mode: 'External',
        endpoint: { mediaURL: url.replace('http:', 'ws:'), webhookURL: `${url}/webhooks/telnyx` },
        telnyx: { secretRef: { name: SECRET }, applicationName: 'veralux-local' },
        engines,
      },
    },
  ];
  await apply(kubectl, objects);
  await waitReady(kubectl, ['voiceruntime/shared', `--namespace=${NAMESPACE}`]);
}

/** Applies objects server-side, as a person does with `kubectl apply -f`. */
async function apply(kubectl: Kubectl, objects: readonly object[]): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: objects };
  await kubectl(['apply', '--server-side', '--filename=-'], JSON.stringify(list));
}
