import { createHash } from 'node:crypto';
import type { z } from 'zod';
import type { Redis } from './servers.ts';

export interface ScriptOptions<Keys extends readonly string[], Reply extends z.ZodType> {
  readonly name: string;
  /** The keys' names, in order; inside the script each is a local variable of that name. */
  readonly keys: Keys;
  /** The body. Keys are the variables above, arguments are ARGV[1…]. */
  readonly lua: string;
  /** Parses the reply (RESP: numbers, strings, arrays, null). */
  readonly reply: Reply;
}

/**
 * A named Lua script. All of its keys are declared and lie in one slot, so that it also runs on
 * Redis Cluster. Sent as EVALSHA; a server that does not know it (restarted, failed over) gets the
 * whole text. A script is expected to be safe to repeat: a reply can be lost after it ran.
 */
export class Script<const Keys extends readonly string[], Reply extends z.ZodType> {
  readonly name: string;
  readonly #keys: Keys;
  readonly #text: string;
  readonly #sha: string;
  readonly #reply: Reply;

  constructor(options: ScriptOptions<Keys, Reply>) {
    assertDeclaredKeys(options);
    this.name = options.name;
    this.#keys = options.keys;
    const locals = options.keys.map((key, index) => `local ${key} = KEYS[${index + 1}]`);
    this.#text = [...locals, options.lua.trim()].join('\n');
    this.#sha = createHash('sha1').update(this.#text).digest('hex');
    this.#reply = options.reply;
  }

  /** Runs it; throws what Redis or the connection throws, and a ZodError for an unexpected reply. */
  async run(
    redis: Redis,
    keys: Readonly<Record<Keys[number], string>>,
    args: readonly (string | number)[],
  ): Promise<z.output<Reply>> {
    const names = this.#keys.map((name: Keys[number]) => keys[name]);
    assertOneSlot(this.name, names);
    const parameters = [...names, ...args];
    let reply: unknown;
    try {
      reply = await redis.evalsha(this.#sha, names.length, ...parameters);
    } catch (error) {
      if (!isNoScript(error)) throw error;
      reply = await redis.eval(this.#text, names.length, ...parameters);
    }
    return this.#reply.parse(reply);
  }
}

/** Redis starts each error with a code word; NOSCRIPT means the script's hash is not known there. */
function isNoScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT ');
}

/** Commands that name no key. */
const KEYLESS = new Set(['TIME', 'INFO']);

/** On a Cluster a script may touch what it declares and nothing else: each command's first argument. */
function assertDeclaredKeys({ name, keys, lua }: ScriptOptions<readonly string[], z.ZodType>): void {
  for (const [call, command = '', key = ''] of lua.matchAll(
    /redis\.p?call\(\s*'(\w+)'(?:\s*,\s*([^,)]+))?/g,
  )) {
    if (KEYLESS.has(command) || keys.includes(key.trim())) continue;
    throw new Error(`script ${name} names a key that it does not declare: ${call}`);
  }
}

function assertOneSlot(script: string, keys: readonly string[]): void {
  const slots = new Set(keys.map(slotTag));
  if (slots.size > 1)
    throw new Error(`the keys of script ${script} lie in different slots: ${keys.join(', ')}`);
}

/** The part of a key that Redis Cluster hashes: between the first braces, or all of it. */
function slotTag(key: string): string {
  return /\{([^}]+)\}/.exec(key)?.[1] ?? key;
}
