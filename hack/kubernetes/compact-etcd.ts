import { request } from 'undici';

/** gRPC's OutOfRange: this revision was compacted before, and nothing has been written since. */
const OUT_OF_RANGE = 11;

interface Answer {
  readonly header?: { readonly revision: string };
  readonly code?: number;
  readonly message?: string;
}

/** Drops etcd's history up to its present revision: earlier ones can be neither read nor watched from. */
export async function compactEtcd(etcdURL: string): Promise<void> {
  const { header } = await post(etcdURL, '/v3/kv/range', { key: 'AA==' });
  const compacted = await post(etcdURL, '/v3/kv/compaction', { revision: header?.revision, physical: true });
  if (compacted.code !== undefined && compacted.code !== OUT_OF_RANGE) {
    throw new Error(`etcd did not compact: ${compacted.message}`);
  }
}

/** etcd's JSON gateway: 64-bit numbers are strings, keys base64. */
async function post(etcdURL: string, path: string, body: object): Promise<Answer> {
  const reply = await request(`${etcdURL}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return (await reply.body.json()) as Answer;
}
