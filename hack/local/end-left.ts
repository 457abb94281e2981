/**
 * Ends what the instance `NAME` below `ROOT` left, once the process that held it is gone. Started by that
 * process as the last thing it does; see `Instance.endAfterExit`.
 */
import { Instance } from './instance.ts';
import { waitUntil } from './wait-until.ts';

const HOLDER_TIMEOUT_MS = 60_000;

const [name, root] = process.argv.slice(2);
if (name === undefined || root === undefined) throw new Error('usage: end-left.ts NAME ROOT');
const instance = new Instance(name, root);
if (await waitUntil(() => instance.holder === undefined, HOLDER_TIMEOUT_MS)) await instance.remove();
