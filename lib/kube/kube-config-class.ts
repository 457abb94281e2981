/**
 * KubeConfig of @kubernetes/client-node without the API classes that are generated there: its config.js
 * imports them for `makeApiClient` alone, and they cost 45 MB of memory and 0.25 s at the start.
 */
import { registerHooks } from 'node:module';

/** All that config.js takes from the generated code; `makeApiClient` fails with it. */
const STUB =
  'data:text/javascript,export class ServerConfiguration {} export function createConfiguration() {}';

const hooks = registerHooks({
  resolve(specifier, context, next) {
    const isGenerated =
      specifier === './gen/index.js' &&
      context.parentURL?.endsWith('/@kubernetes/client-node/dist/config.js') === true;
    return isGenerated ? { url: STUB, format: 'module', shortCircuit: true } : next(specifier, context);
  },
});
const config = await import('@kubernetes/client-node/dist/config.js');
hooks.deregister();

export const { KubeConfig } = config;
