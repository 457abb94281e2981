import { readdirSync, readFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { messageOf } from '#lib/errors/operating-error.ts';
import type { Logger } from '#lib/log/logger.ts';

/** Where Linux lists the threads of this process. */
const THREADS = '/proc/self/task';
/** As Node.js 24 and later name the threads on which V8 marks garbage and compiles. */
const V8_WORKER = 'node-V8Worker';
/**
 * A third of the CPU where the event loop wants all of it, and all of it where that waits. With 10, a tenth, code that is
 * compiled on the same thread waits so long that the pod needs half as much CPU again.
 */
const NICENESS = 3;

/**
 * Lets the event loop go before V8's own threads, which compile and, without the flags of Managed pods, mark garbage
 * beside it for a quarter of a second at a time: where both share one CPU every frame would wait twice as long meanwhile.
 * Does nothing where the system or Node.js does not tell the threads apart.
 */
export function yieldToEventLoop(log: Logger): void {
  if (process.platform !== 'linux') return;
  for (const thread of readdirSync(THREADS)) {
    try {
      if (readFileSync(`${THREADS}/${thread}/comm`, 'utf8').trim() !== V8_WORKER) continue;
      setPriority(Number(thread), NICENESS);
    } catch (error) {
      // It has ended meanwhile, or the system does not let us: slower, and no worse.
      log.debug({ thread, reason: messageOf(error) }, 'a thread of V8 keeps its priority');
    }
  }
}
