import { expect, test } from 'vitest';
import {
  code,
  get,
  I32,
  I32_ADD,
  I32_SUBTRACT,
  i32,
  repeat,
  set,
  startModule,
  type WasmMemory,
} from './wasm-code.ts';

interface Exports {
  readonly made: (number: number) => number;
  readonly memory: WasmMemory;
}

function started(body: ReturnType<typeof code>, locals: readonly number[] = []): Exports {
  const made = { exported: 'made', parameters: [I32], results: [I32], locals, body };
  return startModule([made], 100_000) as Exports;
}

test.each([0, 1, -1, 63, 64, -64, -65, 8_191, 8_192, -8_193, 1_000_000, 2_147_483_647, -2_147_483_648])(
  'the number %i arrives as it was written',
  (value) => {
    const { made } = started(code(get(0), i32(value), I32_ADD));
    expect(made(0)).toBe(value);
  },
);

test('a body is repeated as long as it leaves something', () => {
  const [count, sum] = [0, 1];
  const { made } = started(
    code(
      repeat(
        code(get(sum), get(count), I32_ADD, set(sum)),
        code(get(count), i32(1), I32_SUBTRACT, set(count), get(count)),
      ),
      get(sum),
    ),
    [I32],
  );
  expect(made(10)).toBe(55);
});

test('the memory has room for what was asked', () => {
  const { memory } = started(get(0));
  expect(memory.buffer.byteLength).toBe(131_072);
});
