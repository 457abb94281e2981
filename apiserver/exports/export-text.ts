import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import type { StreamBody } from '../http/send-stream.ts';

/** The parameter `format` of an export. */
export const exportFormat = z
  .enum(['csv', 'jsonl'])
  .default('csv')
  .describe('`csv`: RFC 4180, for a table; `jsonl`: an object a line, as the list has it.');

type Cell = string | number | boolean | null;
/** A column of a table: what its head says, and what it holds of an item. */
export type Column<Item> = readonly [name: string, read: (item: Item) => Cell];

/** Cells that a spreadsheet would take for formulas begin with an apostrophe: callers choose what they say. */
const CSV = { escape_formulas: true, record_delimiter: 'windows', cast: { boolean: String } } as const;

/** The body of an export of these items. */
export function exportOf<Item>(
  format: z.output<typeof exportFormat>,
  name: string,
  rows: {
    readonly batches: AsyncGenerator<readonly Item[]>;
    readonly columns: () => Promise<readonly Column<Item>[]>;
  },
): StreamBody {
  const filename = `${name}.${format}`;
  if (format === 'jsonl') return { type: 'application/jsonl', filename, chunks: linesOf(rows.batches) };
  return { type: 'text/csv', filename, chunks: tableOf(rows) };
}

/** Each item as JSON on a line of its own. */
export async function* linesOf(batches: AsyncGenerator<readonly unknown[]>): AsyncGenerator<string> {
  for await (const items of batches) yield items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

async function* tableOf<Item>({
  batches,
  columns: readColumns,
}: {
  readonly batches: AsyncGenerator<readonly Item[]>;
  readonly columns: () => Promise<readonly Column<Item>[]>;
}): AsyncGenerator<string> {
  const columns = await readColumns();
  yield stringify([columns.map(([name]) => name)], CSV);
  for await (const items of batches) {
    yield stringify(
      items.map((item) => columns.map(([, read]) => read(item))),
      CSV,
    );
  }
}
