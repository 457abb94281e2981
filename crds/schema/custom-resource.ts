import type { z } from 'zod';
import { CONDITIONS, type ConditionType } from '../conditions/reasons.ts';
import type { Rule } from './rule.ts';

export const API_GROUP = 'veralux.io';
export const API_VERSION = 'v1alpha1';

/** How a kind is addressed at the API server. */
export interface CustomResource {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A column of `kubectl get`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly jsonPath: string;
  readonly description: string;
  /** 1: shown by `-o wide` only. */
  readonly priority?: 1;
}

/** The column that shows whether a condition holds. */
export function conditionColumn(type: ConditionType, priority?: 1): PrinterColumn {
  return {
    name: type,
    type: 'string',
    jsonPath: `.status.conditions[?(@.type=="${type}")].status`,
    description: CONDITIONS[type].meaning,
    ...(priority ? { priority } : {}),
  };
}

/** The column that says why the object is Ready or is not, as one word. */
export function reasonColumn(): PrinterColumn {
  return {
    name: 'Reason',
    type: 'string',
    jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
    description: 'Why it is ready or not; kubectl describe says it in sentences.',
  };
}

/** The part of an object that root rules look at. */
export interface Named {
  readonly metadata: { readonly name: string };
}

/**
 * The name is a DNS label of at most `max` characters, because `becomes` is made from it. With a `letter`
 * at its beginning it is one of RFC 1035, as the names of Services have to be.
 */
export function nameRule(max: number, becomes: string, first: 'any' | 'letter' = 'any'): Rule<Named> {
  const label = first === 'letter' ? /^[a-z]([-a-z0-9]*[a-z0-9])?$/ : /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
  const letter = first === 'letter' ? ' and begin with a letter' : '';
  return {
    cel: `self.metadata.name.matches(r'${label.source}') && size(self.metadata.name) <= ${max}`,
    message: `metadata.name must be a DNS label (a-z, 0-9 and -) of at most ${max} characters${letter}: ${becomes}`,
    holds: ({ metadata: { name } }) => label.test(name) && name.length <= max,
  };
}

/** All that a CustomResourceDefinition is generated from. */
export interface KindDefinition {
  readonly resource: CustomResource;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** What the kind is for, as `kubectl explain` begins. */
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** Rules over the whole object: only they see `self.metadata.name`. */
  readonly rootRules: readonly Rule<Named>[];
  readonly columns: readonly PrinterColumn[];
  /** Fields that `kubectl get --field-selector` and watches can select by. */
  readonly selectableFields: readonly string[];
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath: string;
  };
}
