import { z } from 'zod';

/**
 * The schema of an object that pods of two releases write in turn: fields that this release does not know pass
 * through it unread, so that writing it back deletes nothing. Its type names those that are known alone.
 */
export function keptObject<S extends z.ZodRawShape>(shape: S): z.ZodObject<S> {
  return z.looseObject(shape);
}
