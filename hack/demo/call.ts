/** `make call`: one more call into what `make up` left running. */
import { INSTANCES, Instance } from '#hack/local/instance.ts';
import { messageOf } from '#lib/errors/operating-error.ts';
import { ApiClient } from './api-client.ts';
import type { Usage } from './call-detail.ts';
import { check } from './check-call.ts';
import { Narrator } from './narrator.ts';
import { latestCall, placeCall } from './place-call.ts';
import { readRecord } from './record.ts';
import { reportCall, reportUsage } from './report.ts';
import { bookAppointment } from './scenario.ts';

const narrator = new Narrator(process.stdout);
const instance = new Instance('up', INSTANCES);

try {
  const record = readRecord(instance.data);
  const anonymous = new ApiClient(record.apiURL);
  const { email, password } = record;
  const { token } = await anonymous.post<{ token: string }>('/api/auth/login', { email, password });
  const api = anonymous.as(token);
  const sinceMs = Date.now();
  await placeCall(narrator, record, bookAppointment);
  const call = await latestCall(api, sinceMs);
  reportCall(narrator, call);
  reportUsage(narrator, await api.get<Usage>('/api/admin/usage'));
  check(call, bookAppointment);
} catch (error) {
  narrator.failed(messageOf(error), instance.logs);
  process.exitCode = 1;
}
