import { createParser, type EventSourceMessage } from 'eventsource-parser';

/** The bytes of a body of server-sent events → its events, however chunks cut lines and characters. */
export class EventStream {
  readonly #text = new TextDecoder();
  readonly #parser = createParser({
    onEvent: (event) => this.#events.push(event),
    onError: (error) => {
      // Fields and retry intervals that we do not know are none of our business.
      if (error.type === 'max-buffer-size-exceeded') this.#error = error;
    },
    maxBufferSize: MAX_EVENT_CHARACTERS,
  });
  #events: EventSourceMessage[] = [];
  #error: Error | undefined;

  /** Throws where an event grows beyond bounds. */
  push(chunk: Buffer): EventSourceMessage[] {
    return this.#feed(this.#text.decode(chunk, { stream: true }));
  }

  /** The last event, where the server left out the empty line behind it. */
  end(): EventSourceMessage[] {
    return this.#feed(`${this.#text.decode()}\n\n`);
  }

  #feed(text: string): EventSourceMessage[] {
    this.#parser.feed(text);
    if (this.#error) throw this.#error;
    const events = this.#events;
    this.#events = [];
    return events;
  }
}

/** The whole arguments of a tool call may come in one event. */
const MAX_EVENT_CHARACTERS = 1024 * 1024;
