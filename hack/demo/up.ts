/** `make up`: everything from nothing, left running, and how to use it. */
import { Instance } from '#hack/local/instance.ts';
import { LocalError } from '#hack/local/local-error.ts';
import { Narrator } from './narrator.ts';
import { inInstance, modeOf, openHouse, simulatedNodesOf } from './open-house.ts';
import { type HouseRecord, readRecord, writeRecord } from './record.ts';

const narrator = new Narrator(process.stdout);
const running = await runningHouse();

if (running) {
  narrator.title('It runs already (make down ends it). What you can do now');
  tellUse(running);
} else {
  process.exitCode = await inInstance('up', narrator, async (instance) => {
    const mode = modeOf(process.env['MODE']);
    const { house, infrastructure, company } = await openHouse(instance, {
      mode,
      simulatedNodes: simulatedNodesOf(process.env['NODES']),
      narrator,
      output: process.stdout,
    });
    const { tenantName, number, email, password } = company;
    const { kubeconfigPath, kubectlPath, redisURL } = infrastructure;
    const record = {
      ...house,
      mode,
      number,
      tenantName,
      email,
      password,
      kubeconfigPath,
      kubectlPath,
      redisURL,
    };
    writeRecord(instance.data, { ...record, logs: instance.logs });
    narrator.title('It runs. What you can do now');
    tellUse({ ...record, logs: instance.logs });
    return 'LeaveRunning';
  });
}

/** What an earlier `make up` left, when all of it still lives. */
async function runningHouse(): Promise<HouseRecord | undefined> {
  const instance = new Instance('up');
  if (!instance.processes.areAllRunning()) return undefined;
  try {
    const record = readRecord(instance.data);
    const response = await fetch(`${record.apiURL}/ready`, { signal: AbortSignal.timeout(5_000) });
    await response.body?.cancel();
    return response.ok ? record : undefined;
  } catch (error) {
    if (error instanceof LocalError || error instanceof TypeError) return undefined;
    throw error;
  }
}

function tellUse(record: HouseRecord): void {
  const { apiURL, email, password } = record;
  narrator.command('make call', `a caller rings ${record.number}; prints the call, its lead and usage`);
  narrator.command(
    'make call SCENARIO=a-correction-of-an-earlier-answer',
    'another caller, to a Tenant of their own; SCENARIO=list shows all that can happen',
  );
  narrator.command(
    `export KUBECONFIG=${record.kubeconfigPath}\n    alias kubectl=${record.kubectlPath}`,
    'then: kubectl get veralux --all-namespaces, kubectl explain tenant.spec',
  );
  if (record.mode === 'saas') {
    const body = {
      email: 'you@example.com',
      password: 'a long password',
      name: 'You',
      companyName: 'Your Company',
    };
    narrator.command(post(`${apiURL}/api/auth/signup`, body), 'sign up another company');
  }
  narrator.command(
    post(`${apiURL}/api/auth/login`, { email, password }),
    `log in for ${record.tenantName}; with the token: GET /api/admin/calls, /api/admin/leads, /api/admin/usage`,
  );
  narrator.command('make down', 'end it all and remove its data');
  narrator.text(`Logs and recordings: ${record.logs}`);
}

function post(url: string, body: object): string {
  return `curl -s ${url} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
}
