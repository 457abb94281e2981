import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPublicAddress } from './public-address.ts';
import { resolvePublic } from './resolve-public.ts';

const PRIVATE = [
  [0],
  [10],
  [127],
  [100, 64],
  [100, 127],
  [169, 254],
  [172, 16],
  [172, 31],
  [192, 168],
  [198, 18],
  [224],
  [240],
  [255],
] as const;

/** An address of ours, as four numbers. */
const ours = fc
  .tuple(fc.constantFrom(...PRIVATE), fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }))
  .map(([network, rest]) => [...network, ...rest.slice(network.length)]);

const hex = (bytes: readonly number[]) => {
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
};
const value = (bytes: readonly number[]) => bytes.reduce((sum, byte) => sum * 256 + byte, 0);

test('an address of ours is not public, however it is written', async () => {
  const written = [
    (b: readonly number[]) => b.join('.'),
    (b: readonly number[]) => `${b.join('.')}.`,
    (b: readonly number[]) => String(value(b)),
    (b: readonly number[]) => `0x${value(b).toString(16)}`,
    (b: readonly number[]) => b.map((byte) => `0${byte.toString(8)}`).join('.'),
    (b: readonly number[]) => b.map((byte) => `0x${byte.toString(16)}`).join('.'),
    (b: readonly number[]) => `${b[0]}.${value(b.slice(1))}`,
    (b: readonly number[]) => `[::ffff:${b.join('.')}]`,
    (b: readonly number[]) => `[::ffff:0:${hex(b)}]`,
    (b: readonly number[]) => `[::${hex(b)}]`,
    (b: readonly number[]) => `[64:ff9b::${hex(b)}]`,
    (b: readonly number[]) => `[64:ff9b:1::${hex(b)}]`,
    (b: readonly number[]) => `[2002:${hex(b)}::1]`,
    (b: readonly number[]) => `[2001:0:${hex(b)}::1]`,
  ];
  await fc.assert(
    fc.asyncProperty(ours, fc.constantFrom(...written), async (bytes, write) => {
      const url = new URL(`https://${write(bytes)}/`);
      return (await resolvePublic(url, () => Promise.reject(new Error('looked up')))) === undefined;
    }),
    { numRuns: 500 },
  );
});

test.each(['8.8.8.8', '1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '2a00:1450:4001:80b::200e'])(
  'an address of the Internet is public: %s',
  (address) => expect(isPublicAddress(address)).toBe(true),
);
