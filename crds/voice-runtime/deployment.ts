import { z } from 'zod';
import { atomicList, mapOf } from '../schema/lists.ts';
import { quantity, text, whole } from '../schema/scalars.ts';

/** How the pods of a runtime or an engine are made, in the words of Kubernetes' PodSpec. */

const amountsSchema = mapOf(quantity(), 8);

export const resourcesSchema = z
  .object({
    requests: amountsSchema.optional().describe('What is reserved, such as cpu: 500m, memory: 1Gi.'),
    limits: amountsSchema.optional().describe('What it may use at most.'),
  })
  .describe('CPU and memory of one pod.');

const tolerationSchema = z.object({
  key: text(316).optional().describe('The taint to tolerate. Absent with operator Exists: every taint.'),
  operator: z.enum(['Exists', 'Equal']).default('Equal').describe('How value is compared.'),
  value: z.string().max(63).optional().describe("The taint's value."),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .optional()
    .describe('The effect to tolerate. Absent: all.'),
  tolerationSeconds: whole(0, 86_400).optional().describe('How long a NoExecute taint is tolerated.'),
});

const cacheSchema = z.object({
  size: quantity().default('20Gi').describe('The size of the volume that keeps the model between starts.'),
  storageClassName: text(253).optional().describe("Absent: the cluster's default."),
});

export const engineDeploymentSchema = z
  .object({
    image: text(500).describe('The container image of the engine.'),
    model: text(200).optional().describe('The model it loads.'),
    gpus: whole(0, 16).default(1).describe('GPUs (nvidia.com/gpu) a pod.'),
    replicas: whole(0, 100).default(1).describe('How many pods.'),
    resources: resourcesSchema.optional(),
    nodeSelector: mapOf(z.string().max(63), 8).optional().describe('Labels of the nodes it may run on.'),
    tolerations: atomicList(tolerationSchema, 8).default([]).describe('Taints of nodes it may run on.'),
    cache: cacheSchema.optional().describe('A volume for the model. Absent: loaded anew at each start.'),
  })
  .describe('Run the engine in the cluster, beside the runtime.');
