import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { playScenario } from './play-scenario.ts';
import { scenarioSchema } from './scenario.ts';

const FOLDER = new URL('calls/', import.meta.url);
const names = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => file.slice(0, -'.yaml'.length));

describe('a whole call', () => {
  test.each(names)('%s', async (name) => {
    const source = readFileSync(new URL(`${name}.yaml`, FOLDER), 'utf8');
    const scenario = scenarioSchema.parse(parse(source));
    const transcript = await playScenario(scenario);
    await expect(`${scenario.title}\n\n${transcript}`).toMatchFileSnapshot(
      fileURLToPath(new URL(`${name}.txt`, FOLDER)),
    );
  });
});
