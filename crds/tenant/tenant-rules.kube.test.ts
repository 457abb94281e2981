import { describeRules } from '#hack/testing/describe-rules.ts';
import { TENANT } from './tenant.ts';

const UUID = '6f1d3c1e-8b0a-4f55-9d7e-2a4f6b8c0d1e';
const OTHER_UUID = '0b5c1f44-62de-4c7f-8a4e-3a1b5c7d9e0f';
const intake = { name: 'intake', number: '+13125550177' };

const tenant = (more: object) => ({ displayName: 'Rules', ...more });
const workflow = (more: object) => tenant({ workflows: [{ name: 'a', ...more }] });
const field = (more: object) => workflow({ fields: [{ name: 'f', label: 'F', prompt: 'F?', ...more }] });
const hours = (more: object) => tenant({ businessHours: more });

describeRules(TENANT, {
  longestName: 56,
  specs: [
    ['tenantID is a UUID', tenant({ tenantID: UUID }), tenant({ tenantID: 'acme' }), 'must be a UUID'],
    ['displayName is required', tenant({}), { plan: 'Free' }, 'spec.displayName: Required value'],
    [
      'plan is one of the five',
      tenant({ plan: 'OnPrem' }),
      tenant({ plan: 'Gold' }),
      'supported values: "Free", "Starter"',
    ],
    ['unknown fields are refused', tenant({}), tenant({ colour: 'red' }), 'unknown field "spec.colour"'],
    [
      'timeZone',
      tenant({ timeZone: 'America/Argentina/Buenos_Aires' }),
      tenant({ timeZone: 'Chicago time' }),
      'must be an IANA time zone, such as America/Chicago',
    ],
    [
      'language',
      tenant({ language: 'zh-Hant-TW' }),
      tenant({ language: 'English' }),
      'must be a BCP 47 language, such as en-US',
    ],
    [
      'contact.email',
      tenant({ contact: { email: 'a@b.example' } }),
      tenant({ contact: { email: 'nobody' } }),
      'must be an e-mail address',
    ],
    [
      'limits are numbers',
      tenant({ limits: { callsPerMonth: 0 } }),
      tenant({ limits: { callsPerMonth: -1 } }),
      'must be a whole number from 0, or Unlimited',
    ],
    [
      'or Unlimited',
      tenant({ limits: { phoneNumbers: 'Unlimited' } }),
      tenant({ limits: { phoneNumbers: 'many' } }),
      'must be a whole number from 0, or Unlimited',
    ],
    [
      'transferCountries',
      tenant({ limits: { transferCountries: ['US', 'CA'] } }),
      tenant({ limits: { transferCountries: ['usa'] } }),
      'spec.limits.transferCountries[0]',
    ],
    [
      'one suspension a reason',
      tenant({ suspensions: [{ reason: 'Abuse' }] }),
      tenant({ suspensions: [{ reason: 'Abuse' }, { reason: 'Abuse' }] }),
      'Duplicate value',
    ],
    [
      'access of a ServiceAccount',
      tenant({ access: [{ kind: 'ServiceAccount', name: 'ns/sa' }] }),
      tenant({ access: [{ kind: 'ServiceAccount', name: 'sa' }] }),
      'a ServiceAccount is named as namespace/name',
    ],
    [
      'voice.speed',
      tenant({ assistant: { voice: { speed: '1.25' } } }),
      tenant({ assistant: { voice: { speed: '3' } } }),
      'must be a decimal from "0.5" to "2.0"',
    ],
    [
      'temperature is text',
      tenant({ assistant: { temperature: '0.7' } }),
      tenant({ assistant: { temperature: 0.7 } }),
      'must be of type string',
    ],
    [
      'minSpeechSeconds',
      tenant({ assistant: { interruptions: { minSpeechSeconds: '0.25' } } }),
      tenant({ assistant: { interruptions: { minSpeechSeconds: 'fast' } } }),
      'must be a decimal from "0" to "2.99"',
    ],
    [
      'workflow names',
      workflow({}),
      tenant({ workflows: [{ name: 'Lead Capture' }] }),
      'must be a DNS label',
    ],
    [
      'choices belong to Choice',
      field({ type: 'Choice', choices: ['A', 'B'] }),
      field({ type: 'Text', choices: ['A'] }),
      'choices belongs to type Choice',
    ],
    [
      'Choice needs choices',
      field({ type: 'Text' }),
      field({ type: 'Choice' }),
      'choices belongs to type Choice',
    ],
    [
      'fields differ in name',
      field({}),
      workflow({ fields: [1, 2].map(() => ({ name: 'f', label: 'F', prompt: 'F?' })) }),
      'Duplicate value',
    ],
    [
      'Transfer needs a target',
      tenant({
        transferTargets: [intake],
        workflows: [{ name: 'a', onComplete: { action: 'Transfer', transferTarget: 'intake' } }],
      }),
      workflow({ onComplete: { action: 'Transfer' } }),
      'transferTarget belongs to action Transfer',
    ],
    [
      'a target belongs to Transfer',
      workflow({ onComplete: {} }),
      tenant({
        transferTargets: [intake],
        workflows: [{ name: 'a', onComplete: { transferTarget: 'intake' } }],
      }),
      'transferTarget belongs to action Transfer',
    ],
    [
      'a target must exist',
      tenant({ transferTargets: [intake] }),
      workflow({ onComplete: { action: 'Transfer', transferTarget: 'nobody' } }),
      'a workflow transfers to a target that is not in transferTargets',
    ],
    [
      'closes is after opens',
      hours({ weekly: [{ day: 'Monday', opens: '08:00', closes: '24:00' }] }),
      hours({ weekly: [{ day: 'Monday', opens: '18:00', closes: '08:00' }] }),
      'closes must be later than opens',
    ],
    [
      'times of day',
      hours({ weekly: [{ day: 'Monday', opens: '08:00', closes: '09:00' }] }),
      hours({ weekly: [{ day: 'Monday', opens: '8:00', closes: '9:00' }] }),
      'must be a time of day, such as 08:30',
    ],
    [
      'hours of a holiday',
      hours({ holidays: [{ date: '2027-12-25' }] }),
      hours({ holidays: [{ date: '2027-12-24', opens: '09:00' }] }),
      'give both opens and a later closes',
    ],
    [
      'dates of holidays',
      hours({ holidays: [{ date: '2028-02-29' }] }),
      hours({ holidays: [{ date: '25.12.2027' }] }),
      'must be a date, such as 2027-12-25',
    ],
    [
      'whenClosed.workflow exists',
      tenant({ workflows: [{ name: 'a' }], businessHours: { whenClosed: { workflow: 'a' } } }),
      hours({ whenClosed: { workflow: 'a' } }),
      'names a workflow that is not in workflows',
    ],
    [
      'knowledge in all',
      tenant({ knowledge: [{ title: 'A', text: 'x'.repeat(8_192) }] }),
      tenant({ knowledge: ['A', 'B', 'C'].map((title) => ({ title, text: 'x'.repeat(8_000) })) }),
      'all titles and texts together may have 16384 characters',
    ],
    [
      'fields in all',
      workflow({ fields: fields(12) }),
      tenant({ workflows: ['a', 'b', 'c', 'd'].map((name) => ({ name, fields: fields(11) })) }),
      'all workflows together may ask 40 fields',
    ],
    [
      'one text too long',
      tenant({ assistant: { persona: 'x'.repeat(3_000) } }),
      tenant({ assistant: { persona: 'x'.repeat(3_001) } }),
      'Too long: may not be more than 3000',
    ],
    [
      'parameters in all',
      tool({ parameters: parameters(12) }),
      tenant({ tools: ['a', 'b'].map((name) => ({ ...oneTool(name), parameters: parameters(9) })) }),
      'all tools together may take 16 parameters',
    ],
    [
      'tool names',
      tool({}),
      tenant({ tools: [oneTool('book-it')] }),
      'must be lower-case letters, digits and _',
    ],
    [
      'tools are called by https',
      tool({ url: 'https://a.example/x' }),
      tool({ url: 'http://a.example/x' }),
      'must be a URL starting with https://',
    ],
    [
      'transfer numbers',
      tenant({ transferTargets: [intake] }),
      tenant({ transferTargets: [{ name: 'x', number: '911' }] }),
      'must be a number in E.164 form',
    ],
    [
      'blocked numbers',
      tenant({ callScreening: { blocked: ['+13125550100'] } }),
      tenant({ callScreening: { blocked: ['anonymous'] } }),
      'must be a number in E.164 form',
    ],
    [
      'retentionDays',
      tenant({ transcripts: { retentionDays: 1 } }),
      tenant({ transcripts: { retentionDays: 0 } }),
      'should be greater than or equal to 1',
    ],
  ],
  changes: [
    [
      'tenantID added',
      tenant({}),
      tenant({ tenantID: UUID }),
      'tenantID may not be added, changed or removed',
    ],
    [
      'tenantID changed',
      tenant({ tenantID: UUID }),
      tenant({ tenantID: OTHER_UUID }),
      'tenantID may not be added, changed or removed',
    ],
    [
      'tenantID removed',
      tenant({ tenantID: UUID }),
      tenant({}),
      'tenantID may not be added, changed or removed',
    ],
  ],
});

function fields(count: number) {
  return Array.from({ length: count }, (_, index) => ({ name: `f${index}`, label: 'F', prompt: 'F?' }));
}

function parameters(count: number) {
  return Array.from({ length: count }, (_, index) => ({ name: `p${index}`, description: 'P.' }));
}

function oneTool(name: string) {
  return { name, description: 'Books.', url: 'https://a.example' };
}

function tool(more: object) {
  return tenant({ tools: [{ ...oneTool('book_it'), ...more }] });
}
