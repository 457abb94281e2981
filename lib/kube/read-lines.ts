import { StringDecoder } from 'node:string_decoder';

/** Twice what etcd's default request limit (1.5 MiB) can become as JSON, generously rounded. */
const MAX_LINE_CHARACTERS = 8 * 1024 * 1024;

/** Splits a byte stream into its non-empty lines. Throws when one line passes 8 Mi characters. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))).split(
      '\n',
    );
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) throw new RangeError('a line of the stream is too long');
    for (const line of lines) if (line !== '') yield line;
  }
  rest += decoder.end();
  if (rest !== '') yield rest;
}
