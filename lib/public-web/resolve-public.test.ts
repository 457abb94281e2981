import { pbkdf2 } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { dnsResolver } from './resolve-public.ts';

/** RFC 1035, 3.2.2 and RFC 3596. */
const A = 1;
const AAAA = 28;
/** RFC 1035, 4.1.1: the server failed; there is no such name. */
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

/** What a name server says: addresses as bytes, a code of failure, or nothing at all. */
type Says = readonly (readonly number[])[] | number | undefined;

const servers: Socket[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A name server; resolves to a resolver that asks it, and to the questions it got. */
async function nameServer(says: (type: number) => Says) {
  const server = createSocket('udp4');
  servers.push(server);
  const asked: Buffer[] = [];
  server.on('message', (question, { port, address }) => {
    asked.push(question);
    const reply = replyTo(question, says);
    if (reply) server.send(reply, port, address);
  });
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  return { resolve: dnsResolver([`127.0.0.1:${server.address().port}`]), asked };
}

function replyTo(packet: Buffer, says: (type: number) => Says): Buffer | undefined {
  const end = packet.indexOf(0, 12) + 5;
  const question = packet.subarray(12, end);
  const type = packet.readUInt16BE(end - 4);
  const said = says(type);
  if (said === undefined) return undefined;
  const answers = typeof said === 'number' ? [] : said;
  const header = Buffer.alloc(12);
  header.writeUInt16BE(packet.readUInt16BE(0), 0);
  header.writeUInt16BE(0x8180 | (typeof said === 'number' ? said : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(answers.length, 6);
  const records = answers.map((bytes) =>
    Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length, ...bytes]),
  );
  return Buffer.concat([header, question, ...records]);
}

const V4 = [93, 184, 215, 14];
const V6 = [0x2a, 0, 0x14, 0x50, ...Array<number>(11).fill(0), 1];

describe('a name is resolved', () => {
  test('to its addresses of both kinds, the older kind first', async () => {
    const { resolve } = await nameServer((type) => [type === A ? V4 : V6]);
    expect(await resolve('site.example.com.')).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '2a00:1450::1', family: 6 },
    ]);
  });

  test.each<[string, (type: number) => Says]>([
    ['has none of the newer kind', (type) => (type === A ? [V4] : [])],
    ['gives no good answer about the newer kind', (type) => (type === AAAA ? SERVER_FAILURE : [V4])],
  ])('where it %s', async (_what, says) => {
    const { resolve } = await nameServer(says);
    expect(await resolve('site.example.com.')).toEqual([{ address: '93.184.215.14', family: 4 }]);
  });

  test('to nothing, by a code that says why, where there is no such name', async () => {
    const { resolve } = await nameServer(() => NO_SUCH_NAME);
    await expect(resolve('none.example.com.')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });

  test('by no server but those of DNS: what /etc/hosts names is not found', async () => {
    const { resolve, asked } = await nameServer(() => NO_SUCH_NAME);
    await expect(resolve('localhost.')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    expect(asked.length).toBeGreaterThan(0);
  });

  test('without a thread: hashing goes on while many name servers are silent, and they are given up', async () => {
    const { resolve, asked } = await nameServer(() => undefined);
    const names = Array.from({ length: 40 }, (_, index) => resolve(`n${index}.example.com.`));
    const given = Promise.allSettled(names);
    const hashed = promisify(pbkdf2)('password', 'salt', 1, 32, 'sha256');
    expect(await Promise.race([given, hashed])).toEqual(await hashed);
    const codes = (await given).map((result) => result.status === 'rejected' && result.reason.code);
    expect(new Set(codes)).toEqual(new Set(['ETIMEOUT']));
    expect(asked.length).toBeGreaterThanOrEqual(80);
  });
});
