import type { z } from 'zod';
import { badField, OpenAIError } from './openai-error.ts';

/** The body of a request by its schema. Throws an OpenAIError that names the first field that is wrong. */
export function parseBody<Schema extends z.ZodType>(bytes: Buffer, schema: Schema): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString());
  } catch (error) {
    throw Object.assign(new OpenAIError(400, 'invalid_json', 'The body is not JSON.'), { cause: error });
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const param = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path.join('.');
  throw badField(param ?? '', `${issue?.message ?? 'A field is wrong'}.`);
}
