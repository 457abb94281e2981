import type { z } from 'zod';
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

/** All that a CustomResourceDefinition is generated from. */
export interface KindDefinition {
  readonly resource: CustomResource;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** What the kind is for, as `kubectl explain` begins. */
  readonly description: string;
  readonly spec: z.ZodType;
  readonly status: z.ZodType;
  /** Rules that see `self.metadata.name`, or spec and status together. */
  readonly rootRules: readonly Rule<never>[];
  readonly columns: readonly PrinterColumn[];
  /** Fields that `kubectl get --field-selector` and watches can select by. */
  readonly selectableFields: readonly string[];
  readonly scale?: {
    readonly specReplicasPath: string;
    readonly statusReplicasPath: string;
    readonly labelSelectorPath: string;
  };
}
