import type { z } from 'zod';
import type { KubeError } from '#lib/kube/kube-error.ts';
import { InvalidConfiguration } from './configuration-error.ts';

/** By the rules that parts have among each other. Paths begin with the part: `workflows.0.fields`. */
export function invalidBySchema(error: z.ZodError): InvalidConfiguration {
  const fields = error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }));
  return new InvalidConfiguration(fields, error);
}

/** By the API server: its schema may be another release's, and policies have rules of their own. */
export function invalidByCluster(error: KubeError): InvalidConfiguration {
  const fields = error.causes.map(({ field, message }) => ({ path: pathOf(field), message }));
  return new InvalidConfiguration(fields.length > 0 ? fields : [{ path: '', message: error.message }], error);
}

/** `spec.tools[0].url` and `spec.tools[book].url` as `tools.0.url` and `tools.book.url`. */
function pathOf(field: string): string {
  return field
    .replace(/^\.?spec\.?/, '')
    .replaceAll(/\[([^\]]*)\]/g, '.$1')
    .replace(/^<nil>$/, '');
}
