import type { WebSocket } from 'ws';
import { z } from 'zod';
import { waitUntil } from '#hack/local/wait-until.ts';
import type { Talking } from '#hack/standins/telnyx/calls/talking-caller.ts';
import { startTelnyxStandIn, type TelnyxStandIn } from '#hack/standins/telnyx/stand-in.ts';
import { TestingProduct } from '#hack/standins/telnyx/testing-product.ts';
import { systemClock } from '#lib/clock/clock.ts';

const NUMBER = '+12125550100';
const CALLS = 10;
/** Begins to speak while what was said in reply still plays. */
const INTERRUPTS_REPLIES: Talking = { kind: 'talks', talkMs: 1_000, silenceMs: 1_000 };
const REPLY_MS = 3_000;
const TIMEOUT_MS = 10_000;

/**
 * What the carrier's stand-in measures of an agent that hears by the first byte and thinks nothing: its own share, and
 * the operating system's, of the times that it measures.
 */
export async function measureBareSocket(
  forMs: number,
): Promise<{ readonly repliesMs: readonly number[]; readonly clearsMs: readonly number[] }> {
  const telnyx = await startTelnyxStandIn({ profile: 'realistic', settings: { orderDelayMs: 0 } });
  const product = new TestingProduct(telnyx);
  await product.start();
  await product.answerFor(NUMBER);
  await waitUntil(async () => (await product.telnyx.phoneNumbers.list()).data.length === 1, TIMEOUT_MS);
  for (let call = 0; call < CALLS; call++) await attach(telnyx, product, call);
  await systemClock.sleep(forMs);
  const streams = telnyx.control.ledgers().flatMap((ledger) => ledger.streams);
  product.stop();
  await telnyx.stop();
  return {
    repliesMs: streams.flatMap(({ repliesMs }) => repliesMs),
    clearsMs: streams.flatMap(({ clearsMs }) => clearsMs),
  };
}

async function attach(telnyx: TelnyxStandIn, product: TestingProduct, call: number): Promise<void> {
  const placed = telnyx.control.placeCall({
    from: `+1312555000${call}`,
    to: NUMBER,
    caller: INTERRUPTS_REPLIES,
  });
  const { actions } = product.telnyx.calls;
  await actions.answer(placed.callControlID, {});
  await actions.startStreaming(placed.callControlID, {
    stream_url: product.url('ws', '/media'),
    stream_bidirectional_mode: 'rtp',
  });
  await waitUntil(() => product.sockets.length > call, TIMEOUT_MS);
  const connection = product.sockets[call];
  if (connection) converse(connection.socket);
}

const mediaSchema = z.object({ media: z.object({ payload: z.string() }) });

/** Replies as soon as the caller falls silent, and falls silent as soon as the caller speaks. */
function converse(socket: WebSocket): void {
  const send = (message: object) => socket.send(JSON.stringify(message));
  let spoke = false;
  socket.on('message', (data) => {
    // A Buffer, as the socket's binaryType is left at its default.
    const { data: frame } = mediaSchema.safeParse(JSON.parse((data as Buffer).toString()));
    if (!frame) return;
    const speaks = isSpeech(Buffer.from(frame.media.payload, 'base64'));
    if (speaks && !spoke) send({ event: 'clear' });
    if (spoke && !speaks) send({ event: 'media', media: { payload: REPLY } });
    spoke = speaks;
  });
}

/** Silence is the same byte over and over. */
function isSpeech(payload: Buffer): boolean {
  return payload.some((byte) => byte !== payload[0]);
}

/** PCMU at 8 kHz. */
const REPLY = Buffer.alloc(REPLY_MS * 8, 0x55).toString('base64');
