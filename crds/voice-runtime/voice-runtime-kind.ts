import { conditionColumn, type KindDefinition, reasonColumn } from '../schema/custom-resource.ts';
import {
  VOICE_RUNTIME,
  voiceRuntimeNameRules,
  voiceRuntimeSpecSchema,
  voiceRuntimeStatusSchema,
} from './voice-runtime.ts';

/** How the kind VoiceRuntime presents itself to kubectl. */
export const voiceRuntimeKind: KindDefinition = {
  resource: VOICE_RUNTIME,
  singular: 'voiceruntime',
  shortNames: ['vr'],
  description:
    'A VoiceRuntime is a set of pods, or of processes elsewhere, that hold telephone calls, with the carrier account the calls come by and the engines that hear, think and speak. Many tenants share one. It lives in a namespace of the platform.',
  spec: voiceRuntimeSpecSchema.describe(
    'What the runtime should be: how many pods, which carrier account, which engines. People write it, and kubectl scale writes replicas; the operator never does.',
  ),
  status: voiceRuntimeStatusSchema.describe(
    'What the operator last saw; it alone writes here. Begin with the conditions: each says in sentences what holds, or what it waits for.',
  ),
  rootRules: voiceRuntimeNameRules,
  columns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'Who runs the pods.' },
    { name: 'Replicas', type: 'integer', jsonPath: '.status.readyReplicas', description: 'Pods serving.' },
    { name: 'Calls', type: 'integer', jsonPath: '.status.activeCalls', description: 'Calls in progress.' },
    conditionColumn('Ready'),
    reasonColumn(),
    conditionColumn('EnginesReady', 1),
    conditionColumn('TelnyxConfigured', 1),
    conditionColumn('Served', 1),
    { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Since when.' },
  ],
  selectableFields: ['.spec.mode'],
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  },
};
