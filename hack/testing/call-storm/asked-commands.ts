import { z } from 'zod';
import type { Control } from '#hack/standins/telnyx/control/control.ts';

/** A request of ours for a command, whatever became of it: faults strike before the carrier's ledger knows of any. */
export interface AskedCommand {
  readonly action: string;
  readonly commandID: string | undefined;
  /** Of a `streaming_start`: where to. */
  readonly streamURL: string | undefined;
  /** Epoch milliseconds. */
  readonly atMs: number;
}

const PATH = /^\/v2\/calls\/([^/]+)\/actions\/([a-z_]+)$/;
const bodySchema = z.object({ command_id: z.string().optional(), stream_url: z.string().optional() });

/** By call_control_id, of the latest requests that the stand-in keeps, in their order. */
export function askedCommands(
  requests: ReturnType<Control['requests']>,
): ReadonlyMap<string, readonly AskedCommand[]> {
  const asked = requests.flatMap(({ method, path, body, at }) => {
    const [, callControlID, action] = (method === 'POST' && PATH.exec(path)) || [];
    if (callControlID === undefined || action === undefined) return [];
    const { command_id, stream_url } = bodySchema.parse(body);
    const command = { action, commandID: command_id, streamURL: stream_url, atMs: Date.parse(at) };
    return [{ callControlID: decodeURIComponent(callControlID), command }];
  });
  const byCall = Map.groupBy(asked, ({ callControlID }) => callControlID);
  return new Map([...byCall].map(([id, of]) => [id, of.map(({ command }) => command)]));
}
