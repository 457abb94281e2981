import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '#hack/local/wait-until.ts';
import { silentLogger } from '#lib/log/logger.ts';
import type { Grammar } from './grammar.ts';
import { Pocketsphinx } from './pocketsphinx.ts';

const SPEECH = { sampleRateHz: 16_000, samples: new Int16Array(1_600) };
const NAMES: Grammar = { rules: '#JSGF V1.0 UTF-8;' };
const TIMEOUT_MS = 5_000;

let folder: string;
let recogniser: Pocketsphinx;

/** In place of the recogniser: notes that it runs, reads what it is given, and tells how much that was and of what settings. */
const PROGRAM = `#!/bin/sh
echo $$ >> "$(dirname "$0")/started"
case "$*" in *-jsgf*) heard=names ;; *) heard=speech ;; esac
echo "$heard of $(wc -c) bytes"
`;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'veralux-recogniser-'));
  const program = join(folder, 'pocketsphinx_continuous');
  writeFileSync(program, PROGRAM);
  chmodSync(program, 0o755);
  recogniser = new Pocketsphinx({ path: folder });
});
afterEach(() => {
  recogniser.close();
  rmSync(folder, { recursive: true });
});

function started(): number[] {
  const file = join(folder, 'started');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map(Number) : [];
}

/** Stands by for what is described, once the program says that it runs. */
async function standBy(grammar?: Grammar): Promise<void> {
  const before = started().length;
  recogniser.standBy(grammar, silentLogger);
  expect(await waitUntil(() => started().length > before, TIMEOUT_MS)).toBe(true);
}

function isAlive(pid: number | undefined): boolean {
  return pid !== undefined && existsSync(`/proc/${pid}`);
}

/** 100 ms of speech between two silences of 300 ms, at 16 kHz. */
const HEARD = 'of 22400 bytes';

test('what is heard first is heard by a program that was started before', async () => {
  await standBy();
  expect(await recogniser.recognise(SPEECH)).toBe(`speech ${HEARD}`);
  expect(started()).toHaveLength(1);
});

test('without one that stands by, a program is started for what is to be heard', async () => {
  expect(await recogniser.recognise(SPEECH, undefined, NAMES)).toBe(`names ${HEARD}`);
});

test('one that stands by for other words is left alone', async () => {
  await standBy();
  expect(await recogniser.recognise(SPEECH, undefined, NAMES)).toBe(`names ${HEARD}`);
  expect(await recogniser.recognise(SPEECH)).toBe(`speech ${HEARD}`);
  expect(started()).toHaveLength(2);
});

test('one that died while it stood by is replaced', async () => {
  await standBy();
  const [pid = 0] = started();
  process.kill(pid, 'SIGKILL');
  expect(await waitUntil(() => !isAlive(pid), TIMEOUT_MS)).toBe(true);
  expect(await recogniser.recognise(SPEECH)).toBe(`speech ${HEARD}`);
});

test('standing by for other words ends the one before, and closing ends it too', async () => {
  await standBy();
  await standBy(NAMES);
  const [first, second] = started();
  expect(await waitUntil(() => !isAlive(first), TIMEOUT_MS)).toBe(true);
  expect(isAlive(second)).toBe(true);
  recogniser.close();
  expect(await waitUntil(() => !isAlive(second), TIMEOUT_MS)).toBe(true);
});

test('who gives up ends the program', async () => {
  await standBy();
  const reason = new Error('the caller hung up');
  await expect(recogniser.recognise(SPEECH, AbortSignal.abort(reason))).rejects.toBe(reason);
  const giveUp = new AbortController();
  const hearing = recogniser.recognise(SPEECH, giveUp.signal);
  giveUp.abort(reason);
  await expect(hearing).rejects.toBe(reason);
  expect(await waitUntil(() => !isAlive(started()[0]), TIMEOUT_MS)).toBe(true);
});
