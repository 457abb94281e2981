import { describe, expect, test } from 'vitest';
import { KubeError } from '#lib/kube/kube-error.ts';
import type { KubeObject } from '#lib/kube/kube-object.ts';
import { deriveSecret, ensureMasterKey } from './master-key.ts';

const key = Buffer.alloc(32, 7);

describe('a derived secret', () => {
  const part = { purpose: 'tenant-webhook', subject: 'a', generation: 1 };

  test('is always the same for the same parts, and no other part gives it', () => {
    const all = [
      part,
      { ...part, purpose: 'other' },
      { ...part, subject: 'b' },
      { ...part, generation: 2 },
      { ...part, purpose: 'tenant', subject: 'webhook-a' },
    ].map((parts) => deriveSecret(key, parts));
    expect(deriveSecret(key, { ...part })).toBe(all[0]);
    expect(new Set(all).size).toBe(all.length);
    expect(deriveSecret(Buffer.alloc(32, 8), part)).not.toBe(all[0]);
  });

  test('has 256 bits and stays what it was in earlier releases', () => {
    expect(deriveSecret(key, part)).toBe('86fnR1LJhQw5eT-ffmBgV8OUszab8dZmXq3fLx006gQ');
  });
});

describe('the master key', () => {
  test('is made once and read from then on, also when another operator was faster', async () => {
    const secrets = new Secrets();
    const [first, second] = await Promise.all([
      ensureMasterKey(secrets, 'system'),
      ensureMasterKey(secrets, 'system'),
    ]);
    expect(first).toHaveLength(32);
    expect(second).toEqual(first);
    expect(await ensureMasterKey(secrets, 'system')).toEqual(first);
  });

  test.each([{}, { master: '' }, { master: 'c2hvcnQ=' }])(
    'that is broken (%j) stops the start and is not replaced',
    async (data) => {
      const secrets = new Secrets();
      secrets.kept = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'veralux-keys' }, data };
      await expect(ensureMasterKey(secrets, 'system')).rejects.toMatchObject({ code: 'master_key_broken' });
      expect(secrets.kept.data).toBe(data);
    },
  );
});

/** One name of Secrets, as the API server keeps it. */
class Secrets {
  kept: (KubeObject & { data?: unknown }) | undefined;

  async get<T extends KubeObject>(): Promise<T | undefined> {
    return this.kept as T | undefined;
  }

  async create<T extends KubeObject>(_resource: unknown, object: T): Promise<T> {
    if (this.kept !== undefined) {
      throw new KubeError({ status: 409, reason: 'AlreadyExists', message: 'it is there' });
    }
    this.kept = object;
    return object;
  }
}
