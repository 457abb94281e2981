import type { KubeObject } from '#lib/kube/kube-object.ts';
import type { Verdict } from '#operator/engine/conditions.ts';
import { asSentence } from './as-sentence.ts';
import { verdict } from './verdict.ts';

/** The Ready of an object whose reconcile fails again and again; one that ends stays one that ends. */
export function clusterError({ metadata }: KubeObject, words: string): Verdict {
  const message =
    `What has to be done is answered with an error again and again: ${asSentence(words)} ` +
    'It is tried again by itself, at the latest after 5 minutes; what the error names has to be mended first.';
  const reason = metadata.deletionTimestamp === undefined ? 'ClusterError' : 'Deleting';
  return verdict('Ready', 'False', reason, message);
}
