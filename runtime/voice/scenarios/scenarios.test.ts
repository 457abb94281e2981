import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { expectHeldCall } from './held-call.ts';
import { playScenario } from './play-scenario.ts';
import { scenarioSchema } from './scenario.ts';

const FOLDER = new URL('calls/', import.meta.url);
const named = (suffix: string) =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(suffix))
    .map((file) => file.slice(0, -suffix.length));
const names = named('.yaml');

describe('a whole call', () => {
  test('has no golden transcript without a scenario', () => {
    expect(names).toEqual(expect.arrayContaining(named('.txt')));
  });

  test.each(names)('%s', async (name) => {
    const source = readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8');
    const scenario = scenarioSchema.parse(parse(source));
    const call = await playScenario(scenario);
    await expect(`${scenario.title}\n\n${call.transcript.text}`).toMatchFileSnapshot(
      fileURLToPath(new URL(`${name}.txt`, FOLDER)),
    );
    expectHeldCall(call);
    expect(call.line.longestWaitMs).toBeLessThanOrEqual(scenario.longestWaitMs);
  });
});
