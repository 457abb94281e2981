/** `make call KILL=1`: the pod that holds the call dies in the middle of it, and another goes on. */
import type { Processes } from '#hack/local/processes.ts';
import type { Narrator } from './narrator.ts';
import type { Onlooker, PlacedCall } from './place-call.ts';

/** So much has the caller said by then that there is something to lose. */
const SAID_BEFORE = 2;

export interface Kill {
  /** For `placeCall`: kills once, by SIGKILL, after the caller's second sentence. */
  readonly onlooker: Onlooker;
  /** The pod that was killed; undefined while none was. */
  readonly killed: () => string | undefined;
}

export function killInTheMiddle(narrator: Narrator, processes: Processes): Kill {
  let killed: string | undefined;
  return {
    killed: () => killed,
    async onlooker(call) {
      const pod = podOf(call);
      if (killed !== undefined || pod === undefined || call.caller.said.length < SAID_BEFORE) return;
      killed = pod;
      await processes.kill(pod);
      narrator.text(`SIGKILL to ${pod}, which holds the call: no farewell, no clean-up.`);
    },
  };
}

/** Throws an error unless the call went on at another pod; says how long the line was without one. */
export function checkResumed(narrator: Narrator, call: PlacedCall, killed: string | undefined): void {
  if (killed === undefined) throw new Error('the call ended before its pod was killed');
  const index = call.streams.findLastIndex((stream) => podOfStream(stream.url) === killed);
  const [lost, next] = [call.streams[index], call.streams[index + 1]];
  if (next?.openedAt === undefined) throw new Error(`no pod took the call over when ${killed} was killed`);
  const gapMs = Date.parse(next.openedAt) - Date.parse(lost?.endedAt ?? next.openedAt);
  narrator.title('The pod that died, and the call that did not');
  narrator.fact('Killed', killed);
  narrator.fact('Went on at', podOfStream(next.url) ?? 'an unknown pod');
  narrator.fact('Line without a pod', `${(gapMs / 1_000).toFixed(2)} s`);
}

/** The pod that holds the call's media now. */
export function podOf({ streams }: PlacedCall): string | undefined {
  const stream = streams.at(-1);
  return stream?.openedAt === undefined || stream.endedAt !== undefined ? undefined : podOfStream(stream.url);
}

/** A media URL is `…/media/<pod>/<call>`. */
function podOfStream(url: string): string | undefined {
  return new URL(url).pathname.split('/').at(-2);
}
