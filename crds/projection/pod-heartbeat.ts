import { z } from 'zod';

/** What a runtime pod says of itself, every heartbeat period. */
export const podHeartbeatSchema = z.object({
  pod: z.string(),
  runtime: z.string().describe('namespace/name of the VoiceRuntime it belongs to.'),
  state: z.enum(['Serving', 'Draining']),
  mediaURL: z
    .string()
    .describe('The ws(s) base URL at which the carrier reaches this pod; /media/<pod>/<call> follows.'),
  address: z
    .url()
    .optional()
    .describe('The http base URL at which other pods of the runtime reach this one.'),
  slots: z
    .number()
    .int()
    .nonnegative()
    .describe('Calls it can hold; none beside its own while it is too busy.'),
  capacity: z
    .number()
    .int()
    .nonnegative()
    .optional()
    .describe('Calls it can hold however busy it is: for those that nobody else can take up. Absent: slots.'),
  calls: z.number().int().nonnegative().describe('Calls it holds now.'),
  capabilities: z
    .array(z.string())
    .optional()
    .describe('What it can do that pods of earlier releases cannot. Absent: nothing of that.'),
  at: z.number().int().describe('Epoch milliseconds.'),
});

export type PodHeartbeat = z.output<typeof podHeartbeatSchema>;

/**
 * What needs all pods of a pool, since any of them may be told of it: a call is begun so only where each can. A release
 * that adds such a thing adds a name.
 */
export const CAPABILITIES = ['WarmTransfer'] as const;
export type Capability = (typeof CAPABILITIES)[number];

/** How often a pod says so. */
export const HEARTBEAT_PERIOD_MS = 1_000;
/** After how long without a heartbeat a pod gets no new calls: three missed. */
export const HEARTBEAT_STALE_MS = 3 * HEARTBEAT_PERIOD_MS;
