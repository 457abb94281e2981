import type { IncomingMessage, ServerResponse } from 'node:http';
import { grammarOf } from './grammar.ts';
import { type Orders, ordersSchema } from './orders.ts';
import { parseBody } from './parse-body.ts';
import { readBody } from './read-body.ts';

const MAX_BODY_BYTES = 256 * 1024;

/** `PUT /_engines/orders`: from now on the engines do as they are told, until they are told something else. */
export async function takeOrders(
  request: IncomingMessage,
  response: ServerResponse,
  { orders, signal }: { readonly orders: Orders; readonly signal: AbortSignal },
): Promise<void> {
  const given = parseBody(await readBody(request, MAX_BODY_BYTES), ordersSchema);
  orders.give(given, await grammarOf(given.sentences, signal));
  response.writeHead(204).end();
}

/** `DELETE /_engines/orders`: they do their best again. */
export function endOrders(response: ServerResponse, orders: Orders): void {
  orders.give(ordersSchema.parse({}), undefined);
  response.writeHead(204).end();
}
