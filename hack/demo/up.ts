/** `make up`: everything from nothing, left running, and how to use it. */
import { Narrator } from './narrator.ts';
import { inInstance, modeOf, openHouse } from './open-house.ts';
import { writeRecord } from './record.ts';

const narrator = new Narrator(process.stdout);

process.exitCode = await inInstance('up', narrator, async (instance) => {
  const mode = modeOf(process.env['MODE']);
  const { house, infrastructure, company } = await openHouse(instance, {
    mode,
    narrator,
    output: process.stdout,
  });
  const { tenantName, number, email, password } = company;
  const { apiURL, controlURL } = house;
  writeRecord(instance.data, { apiURL, controlURL, number, tenantName, email, password });

  narrator.title('It runs. What you can do now');
  narrator.command('make call', `a caller rings ${number}; prints the call, its lead and usage`);
  narrator.command(
    `export KUBECONFIG=${infrastructure.kubeconfigPath}\n    alias kubectl=${infrastructure.kubectlPath}`,
    'then: kubectl get veralux --all-namespaces, kubectl explain tenant.spec',
  );
  if (mode === 'saas') {
    const body = `{"email":"you@example.com","password":"a long password","name":"You","companyName":"Your Company"}`;
    narrator.command(
      `curl -s ${apiURL}/api/auth/signup -H 'content-type: application/json' -d '${body}'`,
      'sign up another company',
    );
  }
  narrator.command(
    `curl -s ${apiURL}/api/auth/login -H 'content-type: application/json' -d '${JSON.stringify({ email, password })}'`,
    `log in for ${tenantName}; with the token: GET /api/admin/calls, /api/admin/leads, /api/admin/usage`,
  );
  narrator.command('make down', 'end it all and remove its data');
  narrator.text(`Logs: ${instance.logs}`);
  return 'LeaveRunning';
});
