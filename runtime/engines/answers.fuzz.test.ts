import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { ChatDecoder } from './chat-decoder.ts';
import { EngineError } from './engine-error.ts';
import type { AnswerDecoder } from './exchange.ts';
import { chunkOf, DONE, eventsOf } from './fakes/chat-wire.ts';
import { streamedWav } from './fakes/speech-wire.ts';
import type { ChatPart } from './language-model.ts';
import { SpeechDecoder } from './speech-decoder.ts';
import { SpokenText } from './spoken-text.ts';

/** Where a body is cut on its way: positions as parts of its length. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 20 });

function pieces(body: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...at.map((part) => Math.floor(part * body.length)), body.length].sort((a, b) => a - b);
  return ends.map((end, index) => body.subarray(ends[index - 1] ?? 0, end));
}

function read<Part>(decoder: AnswerDecoder<Part>, body: Buffer, at: readonly number[]): Part[] {
  const parts = pieces(body, at).flatMap((piece) => [...decoder.push(piece)]);
  return [...parts, ...decoder.end()];
}

const textOf = (parts: readonly ChatPart[]) =>
  parts.map((part) => (part.type === 'text' ? part.text : '')).join('');

describe('an answer, however the network cuts it', () => {
  const delta = fc.oneof(
    fc.record({ content: fc.string({ unit: 'grapheme' }) }),
    fc.record({ content: fc.constantFrom('<think>', '</think>', '<', 'think', '>', '</', ' ') }),
    fc.record({
      tool_calls: fc.array(
        fc.record({
          index: fc.nat(2),
          id: fc.option(fc.constantFrom('a', 'b', '')),
          function: fc.record({ name: fc.option(fc.string()), arguments: fc.option(fc.json()) }),
        }),
      ),
    }),
  );

  test('of a model says the same', () => {
    fc.assert(
      fc.property(fc.array(delta), fc.constantFrom('\n', '\r\n', '\r'), cuts, (deltas, end, at) => {
        const chunks = [...deltas.map((one) => chunkOf(one)), chunkOf({}, 'stop'), DONE];
        const body = eventsOf(chunks, end);
        const whole = read(new ChatDecoder('m'), body, []);
        const cut = read(new ChatDecoder('m'), body, at);
        const withoutIDs = (parts: readonly ChatPart[]) =>
          parts.filter(({ type }) => type !== 'text').map((part) => ({ ...part, id: '' }));
        const same =
          JSON.stringify(withoutIDs(whole)) === JSON.stringify(withoutIDs(cut)) &&
          textOf(whole) === textOf(cut);
        return same && whole.at(-1)?.type === 'finish';
      }),
    );
  });

  test('of a model that writes anything ends in parts or in an EngineError', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), cuts, (data, at) => {
        try {
          return read(new ChatDecoder('m'), eventsOf([data]), at).at(-1)?.type === 'finish';
        } catch (error) {
          return error instanceof EngineError;
        }
      }),
    );
  });

  test('of a voice has the same samples, as PCM and as a WAV', () => {
    const samples = fc.int16Array({ minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(samples, fc.boolean(), cuts, (spoken, isWav, at) => {
        const pcm = Buffer.from(spoken.buffer, spoken.byteOffset, spoken.byteLength);
        fc.pre(isWav || pcm.toString('latin1', 0, 4) !== 'RIFF');
        const body = isWav ? streamedWav(pcm, { rateHz: 24_000 }) : pcm;
        const decoder = new SpeechDecoder({ engine: 'v', sampleRateHz: 24_000, mediaType: 'audio/pcm' });
        const heard = read(decoder, body, at).flatMap((part) => [...part.samples]);
        return heard.length === spoken.length && heard.every((sample, index) => sample === spoken[index]);
      }),
    );
  });
});

test('thoughts are taken out as from the whole text, however it comes', () => {
  const text = fc.array(fc.constantFrom('<think>', '</think>', '<', '>', '/', 'a', ' ', 'think', '<thin'));
  fc.assert(
    fc.property(text, (parts) => {
      const spoken = new SpokenText();
      const streamed = parts.map((part) => spoken.push(part)).join('') + spoken.end();
      const whole = parts
        .join('')
        .replace(/<think>.*?(<\/think>|$)/gs, '')
        .trimStart();
      return streamed === whole;
    }),
  );
});
