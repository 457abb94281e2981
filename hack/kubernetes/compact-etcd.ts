import { request } from 'undici';

/** Drops etcd's history up to its present revision: earlier ones can be neither read nor watched from. */
export async function compactEtcd(etcdURL: string): Promise<void> {
  const { header } = (await post(etcdURL, '/v3/kv/range', { key: 'AA==' })) as {
    header: { revision: string };
  };
  await post(etcdURL, '/v3/kv/compaction', { revision: header.revision, physical: true });
}

/** etcd's JSON gateway: 64-bit numbers are strings, keys base64. */
async function post(etcdURL: string, path: string, body: object): Promise<unknown> {
  const reply = await request(`${etcdURL}${path}`, { method: 'POST', body: JSON.stringify(body) });
  if (reply.statusCode !== 200)
    throw new Error(`etcd answered ${reply.statusCode}: ${await reply.body.text()}`);
  return reply.body.json();
}
