import { describe, expect, test } from 'vitest';
import { HasherBusy, PasswordHasher } from './password-hasher.ts';

/** bcrypt whose hashes end when the test says so. */
function heldBcrypt() {
  const held: (() => void)[] = [];
  const passwords: string[] = [];
  return {
    passwords,
    held,
    bcrypt: {
      hash: (password: string | Buffer) =>
        new Promise<string>((resolve) => {
          passwords.push(password.toString());
          held.push(() => resolve(`hash of ${password.toString()}`));
        }),
      compare: async (password: string | Buffer, hash: string) => hash === `hash of ${password.toString()}`,
    },
  };
}

describe('PasswordHasher', () => {
  test('runs so many at once, keeps so many waiting in order, and refuses the next', async () => {
    const { bcrypt, held, passwords } = heldBcrypt();
    const hasher = new PasswordHasher({ bcrypt, concurrency: 2, maxWaiting: 1 });
    const [first, , third] = ['a', 'b', 'c'].map((password) => hasher.hash(password));
    await expect(hasher.hash('d')).rejects.toThrow(HasherBusy);
    expect(passwords).toEqual(['a', 'b']);
    held[0]?.();
    await first;
    await Promise.resolve();
    expect(passwords).toEqual(['a', 'b', 'c']);
    held[2]?.();
    expect(await third).toBe('hash of c');
  });

  test('a place is given back when bcrypt fails', async () => {
    const bcrypt = { hash: () => Promise.reject(new Error('out of memory')), compare: async () => true };
    const hasher = new PasswordHasher({ bcrypt, concurrency: 1, maxWaiting: 0 });
    await expect(hasher.hash('a')).rejects.toThrow('out of memory');
    await expect(hasher.hash('b')).rejects.toThrow('out of memory');
  });

  test.each([
    ['longer than bcrypt reads', 'a'.repeat(73)],
    ['with a NUL, at which bcrypt ends', 'secret\0'],
  ])('a password %s is nobody’s, though its hash would compare', async (_what, password) => {
    const bcrypt = { hash: async () => 'hash of nobody', compare: async () => true };
    expect(await new PasswordHasher({ bcrypt }).verify(password, 'a hash')).toBe(false);
  });

  test('without a hash it compares all the same and says no', async () => {
    const compared: string[] = [];
    const bcrypt = {
      hash: async () => 'hash of nobody',
      compare: async (_password: string | Buffer, hash: string) => {
        compared.push(hash);
        return true;
      },
    };
    const hasher = new PasswordHasher({ bcrypt });
    expect(await hasher.verify('x', undefined)).toBe(false);
    expect(compared).toEqual(['hash of nobody']);
  });
});
