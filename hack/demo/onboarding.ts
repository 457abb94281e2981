import { randomBytes } from 'node:crypto';
import type { Kubectl } from '#hack/kubernetes/kubectl.ts';
import { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';
import type { House, Mode } from './house.ts';
import type { Narrator } from './narrator.ts';
import { waitReady } from './wait-ready.ts';

/** A company that can be rung: its number, and a person who may ask the API about it. */
export interface Company {
  readonly tenantName: string;
  readonly number: string;
  readonly email: string;
  readonly password: string;
  readonly api: ApiClient;
}

interface Context {
  readonly narrator: Narrator;
  readonly kubectl: Kubectl;
  readonly house: House;
}

/** Brings a first company into the house, by signup or by manifests, up to a number that is answered. */
export function onboard(context: Context, mode: Mode): Promise<Company> {
  return mode === 'saas' ? signUp(context) : applyTenant(context);
}

async function signUp(context: Context): Promise<Company> {
  const { narrator, house, kubectl } = context;
  const person = {
    email: 'jane@harbor-dental.example',
    password: randomBytes(12).toString('base64url'),
    name: 'Jane Smith',
    companyName: 'Harbor Dental',
  };
  const anonymous = new ApiClient(house.apiURL);
  const signup = await narrator.stage(
    'POST /api/auth/signup',
    () => anonymous.post<{ tenant: { name: string }; token: string }>('/api/auth/signup', person),
    ({ tenant }) => `Harbor Dental is tenant ${tenant.name}`,
  );
  const tenantName = signup.tenant.name;
  await tenantReady(context, tenantName);
  const number = await buyNumber(context, tenantName, () =>
    kubectl(['apply', `--namespace=tenant-${tenantName}`, '--filename=examples/saas/first-number.yaml']),
  );
  return {
    tenantName,
    number,
    email: person.email,
    password: person.password,
    api: anonymous.as(signup.token),
  };
}

async function applyTenant(context: Context): Promise<Company> {
  const { narrator, house, kubectl } = context;
  const tenantName = await narrator.stage(
    'kubectl apply --filename examples/onprem/tenant.yaml',
    async () => {
      const output = await kubectl(['apply', '--filename=examples/onprem/tenant.yaml', '--output=name']);
      return output.trim().replace(/^.*\//, '');
    },
    (name) => `tenant ${name}`,
  );
  await tenantReady(context, tenantName);
  const number = await buyNumber(context, tenantName, () =>
    kubectl(['apply', '--filename=examples/onprem/phone-number.yaml']),
  );
  const { email, password } = await narrator.stage(
    "The administrator's password, from Secret veralux-system/veralux-admin",
    () => administrator(kubectl),
    (admin) => admin.email,
  );
  const anonymous = new ApiClient(house.apiURL);
  const api = await narrator.stage('POST /api/auth/login', () =>
    eventually('the administrator to be let in', 10_000, async () => {
      const { token } = await anonymous.post<{ token: string }>('/api/auth/login', { email, password });
      return anonymous.as(token);
    }),
  );
  return { tenantName, number, email, password, api };
}

async function tenantReady({ narrator, kubectl }: Context, name: string): Promise<void> {
  await narrator.stage('Tenant Ready: namespace made, profile in Redis', async () => {
    // Signup answers before the outbox has reached the cluster.
    await eventually(`tenant ${name} in the cluster`, 30_000, async () => {
      const found = await kubectl(['get', 'tenants', '--output=name']);
      return found.includes(`/${name}\n`) || undefined;
    });
    await waitReady(kubectl, [`tenant/${name}`]);
  });
}

function buyNumber(context: Context, tenantName: string, request: () => Promise<string>): Promise<string> {
  const { narrator, kubectl } = context;
  const namespace = `--namespace=tenant-${tenantName}`;
  return narrator.stage(
    'PhoneNumber Ready: searched, bought, claimed, routed',
    async () => {
      await request();
      await waitReady(kubectl, ['phonenumber/main-line', namespace]);
      const number = await kubectl([
        'get',
        'phonenumbers',
        namespace,
        '--output=jsonpath={.items[0].status.number}',
      ]);
      return number.trim();
    },
    (number) => number,
  );
}

async function administrator(kubectl: Kubectl): Promise<{ email: string; password: string }> {
  const get = ['get', 'secret', 'veralux-admin', '--namespace=veralux-system', '--output=json'];
  const { data } = JSON.parse(await kubectl(get)) as { data: { email: string; password: string } };
  const decode = (text: string) => Buffer.from(text, 'base64').toString('utf8');
  return { email: decode(data.email), password: decode(data.password) };
}
