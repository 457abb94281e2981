import { join } from 'node:path';
import { onFreePorts } from '#hack/local/free-port.ts';
import { type ControlPlaneContext, programPath } from './control-plane-context.ts';
import { isHealthy } from './is-healthy.ts';

const READY_TIMEOUT_MS = 60_000;

/** Starts etcd without fsync: its data is thrown away with the instance. Resolves to its client URL. */
export function startEtcd(context: ControlPlaneContext): Promise<string> {
  return onFreePorts(2, async ([clientPort, peerPort]) => {
    const clientURL = `http://127.0.0.1:${clientPort}`;
    const peerURL = `http://127.0.0.1:${peerPort}`;
    const etcd = await context.processes.start({
      name: 'etcd',
      command: programPath(context, 'etcd'),
      args: [
        `--data-dir=${join(context.directory, `etcd-${clientPort}`)}`,
        '--unsafe-no-fsync',
        `--listen-client-urls=${clientURL}`,
        `--advertise-client-urls=${clientURL}`,
        `--listen-peer-urls=${peerURL}`,
        `--initial-advertise-peer-urls=${peerURL}`,
        `--initial-cluster=default=${peerURL}`,
        '--log-level=warn',
      ],
    });
    try {
      await etcd.ready(() => isHealthy(`${clientURL}/health`), READY_TIMEOUT_MS);
    } catch (error) {
      await etcd.end();
      throw error;
    }
    return clientURL;
  });
}
