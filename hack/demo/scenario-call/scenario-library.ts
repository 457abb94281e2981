import { readdirSync, readFileSync } from 'node:fs';
import { distance } from 'fastest-levenshtein';
import { parse } from 'yaml';
import { LocalError } from '#hack/local/local-error.ts';
import { type Scenario, scenarioSchema } from '#runtime/voice/scenarios/scenario.ts';

const FOLDER = new URL('../../../runtime/voice/scenarios/calls/', import.meta.url);
const SUFFIX = '.yaml';
const NEAREST = 5;

export interface NamedScenario {
  readonly name: string;
  readonly scenario: Scenario;
}

/** The names of all scenarios, in alphabetical order. */
export function scenarioNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort();
}

/** The scenario of a name; throws a LocalError with the nearest names where there is none. */
export function readScenario(name: string): NamedScenario {
  const names = scenarioNames();
  if (!names.includes(name)) {
    const nearest = names.toSorted((a, b) => farness(a, name) - farness(b, name)).slice(0, NEAREST);
    throw new LocalError(
      'unknown_scenario',
      `There is no scenario "${name}". The nearest are: ${nearest.join(', ')}. "make call SCENARIO=list" lists all ${names.length}.`,
    );
  }
  const text = readFileSync(new URL(`${name}${SUFFIX}`, FOLDER), 'utf8');
  return { name, scenario: scenarioSchema.parse(parse(text)) };
}

/** By letters; a name that holds what was typed is nearer than any that does not. */
function farness(name: string, typed: string): number {
  return distance(name, typed) - (name.includes(typed) ? name.length + typed.length : 0);
}
