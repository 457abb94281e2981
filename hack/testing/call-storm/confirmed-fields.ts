import type { Redis } from 'ioredis';
import { callRecordSchema } from '#runtime/call/call-record.ts';
import { conversationStateSchema } from '#runtime/call/conversation-state.ts';

/** Fields of a form that were stored with the call: what the caller need not say again, come what may. */
export interface ConfirmedFields {
  readonly callID: string;
  readonly fields: readonly { readonly name: string; readonly value: string }[];
  /** Epoch milliseconds. */
  readonly atMs: number;
}

/** What the calls of a pod had confirmed by now; none where Redis is away, as then nothing can be known of it. */
export async function confirmedFields(redis: Redis, pod: string): Promise<ConfirmedFields[]> {
  try {
    const found: ConfirmedFields[] = [];
    for (const key of await redis.keys('call:*')) {
      const [record, conversation] = await redis.hmget(key, 'record', 'conversation');
      if (!record || !conversation) continue;
      const { callID, pod: holder, state } = callRecordSchema.parse(JSON.parse(record));
      if (holder !== pod || state !== 'talking') continue;
      const { collected } = conversationStateSchema.parse(JSON.parse(conversation));
      const fields = collected.map(({ name, value }) => ({ name, value }));
      if (fields.length > 0) found.push({ callID, fields, atMs: Date.now() });
    }
    return found;
  } catch (error) {
    if (redis.status === 'ready') throw error;
    return [];
  }
}
