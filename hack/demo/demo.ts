/** `make demo`: everything from nothing, one spoken call, and what became of it. */

import type { Usage } from './call-detail.ts';
import { check } from './check-call.ts';
import { Narrator } from './narrator.ts';
import { inInstance, modeOf, openHouse } from './open-house.ts';
import { latestCall, placeCall } from './place-call.ts';
import { reportCall, reportResources, reportUsage } from './report.ts';
import { bookAppointment } from './scenario.ts';

const narrator = new Narrator(process.stdout);

process.exitCode = await inInstance('demo', narrator, async (instance) => {
  const mode = modeOf(process.env['MODE']);
  const { house, infrastructure, company } = await openHouse(instance, {
    mode,
    narrator,
    output: process.stdout,
  });
  const sinceMs = Date.now();
  await placeCall(narrator, { controlURL: house.controlURL, number: company.number }, bookAppointment);
  const call = await latestCall(company.api, sinceMs);
  reportCall(narrator, call);
  reportUsage(narrator, await company.api.get<Usage>('/api/admin/usage'));
  await reportResources(narrator, infrastructure.kubectl);
  check(call, bookAppointment);
  narrator.title('Where to look next');
  narrator.command('make up', 'the same, left running: place calls, sign up, use kubectl');
  if (mode === 'saas') {
    narrator.command('make demo MODE=onprem', 'one company from one manifest, without signup');
  } else {
    narrator.command('make demo', 'companies that sign up by the API');
  }
  narrator.text(`Logs and the call's stereo recording: ${instance.logs}`);
  narrator.succeeded('The phone was answered, and everything said above was checked.');
  return 'End';
});
