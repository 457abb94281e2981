import { describe, expect, test } from 'vitest';
import { phoneNumberSchema } from '#crds/phone-number/phone-number.ts';
import { tenantSchema } from '#crds/tenant/tenant.ts';
import { scenarioScriptSchema } from '#hack/caller/scenario-script.ts';
import { ordersSchema } from '#hack/engines/orders.ts';
import { isOpen } from '#runtime/workflow/hours/business-hours.ts';
import { playableCall } from './playable-call.ts';
import { readScenario, scenarioNames } from './scenario-library.ts';
import { scenarioNumber, scenarioTenant } from './scenario-tenant.ts';

const NOW_MS = Date.parse('2027-03-04T05:06:07Z');

describe('each scenario', () => {
  test.each(scenarioNames())('%s is a call that can be played', (name) => {
    const { scenario } = readScenario(name);
    const { caller, engines } = playableCall(scenario);
    expect(scenarioScriptSchema.parse(caller).steps).toEqual(scenario.call);
    expect(ordersSchema.parse(engines)).toMatchObject({
      stt: scenario.stt,
      llm: scenario.llm,
      tts: scenario.tts,
    });
    const { spec } = tenantSchema.parse(scenarioTenant(scenario, NOW_MS));
    expect(spec.workflows.map(({ name: workflow }) => workflow)).toContain('lead-capture');
    expect(spec.assistant.driver).toBe(scenario.model ? 'LanguageModel' : 'StepByStep');
    expect(phoneNumberSchema.parse(scenarioNumber(scenario).manifest).spec.number).toBe(scenario.to);
  });
});

test('what cannot be as in the scenario is said, and else nothing', () => {
  const told = scenarioNames().flatMap((name) =>
    playableCall(readScenario(name).scenario).differences.map((difference) => `${name}: ${difference}`),
  );
  expect(told.filter((line) => line.includes('flite has'))).toHaveLength(3);
  expect(told.filter((line) => line.includes('tools fail')).map((line) => line.split(':')[0])).toEqual([
    'a-pause-before-the-day',
    'a-slow-tool',
    'a-tool-of-the-tenant',
    'hang-up-while-a-tool-runs',
  ]);
  expect(playableCall(readScenario('every-question-is-answered').scenario).differences).toEqual([]);
});

describe('at whatever hour a scenario is played', () => {
  const timed = scenarioNames().filter((name) => 'businessHours' in readScenario(name).scenario.tenant);

  test.each(timed)('%s finds the office open or closed as at its own time', (name) => {
    const { scenario } = readScenario(name);
    const atMs = Date.parse(scenario.at);
    const own = tenantSchema.parse(scenarioTenant(scenario, atMs)).spec;
    const wanted = isOpen(own.businessHours, atMs, own.timeZone);
    for (let hour = 0; hour < 24 * 9; hour += 1) {
      const nowMs = NOW_MS + hour * 3_600_000;
      const { businessHours, timeZone } = tenantSchema.parse(scenarioTenant(scenario, nowMs)).spec;
      expect([hour, isOpen(businessHours, nowMs, timeZone)]).toEqual([hour, wanted]);
    }
  });
});

test('an unknown name is refused with the nearest ones', () => {
  expect(() => readScenario('slow-tool')).toThrow(/The nearest are: a-slow-tool, .*lists all \d+/);
  expect(() => readScenario('a-cuogh')).toThrow(/The nearest are: a-cough, /);
});
