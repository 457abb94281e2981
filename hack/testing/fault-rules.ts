/** What a faulty proxy does to which request: the words of it, and the table that hands each fault out. */

/** A request as rules see it. */
export interface ProxiedRequest {
  readonly method: string;
  /** Path and query, as the client sent it. */
  readonly path: string;
  readonly isWatch: boolean;
  readonly userAgent: string;
  /** The name that the client's kubeconfig was made for; empty where it was made for none. */
  readonly client: string;
}

export type Fault =
  /** Not forwarded: this reply instead. `body` is sent as JSON; absent, a Status object with the code. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: object;
    }
  /** Not forwarded: the connection is cut. */
  | { readonly kind: 'drop' }
  /** Forwarded, and the connection is cut when the API server has answered. */
  | { readonly kind: 'loseReply' }
  /** Forwarded; the reply's body is cut off after so many bytes. */
  | { readonly kind: 'cutBody'; readonly afterBytes: number }
  /** Not forwarded: the connection stays open and nothing comes. */
  | { readonly kind: 'hold' }
  /** Forwarded; the reply's head comes, then nothing: a watch that is half open. */
  | { readonly kind: 'silence' }
  /** Forwarded later. */
  | { readonly kind: 'delay'; readonly delayMs: number };

export interface FaultRule {
  readonly fault: Fault;
  /** One of these methods; absent: any. */
  readonly methods?: readonly string[];
  readonly path?: RegExp;
  /** Only watches, or everything but watches; absent: both. */
  readonly watch?: boolean;
  readonly userAgent?: string;
  /** How many fitting requests pass unharmed first. Default 0. */
  readonly after?: number;
  /** How often it strikes before it is used up. Default 1. */
  readonly times?: number;
  /** From the moment it strikes on, every other request of the same client is dropped: it is to be killed here. */
  readonly endsClient?: boolean;
  /**
   * Awaited as it strikes: before a `drop` cuts, and between the API server's answer and the cut of a
   * `loseReply`. A test kills the client here, at exactly that point.
   */
  readonly onStrike?: (request: ProxiedRequest) => void | Promise<void>;
}

/** Methods that change something. */
export const WRITE_METHODS: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

const MAX_RULES = 1_000;
const DROP: FaultRule = { fault: { kind: 'drop' } };

/** The rules that are not used up, in order: of those that fit a request, the first strikes. */
export class FaultRules {
  #rules: { readonly rule: FaultRule; passes: number; left: number }[] = [];
  readonly #ended = new Set<string>();

  /** Adds a rule; the result takes it away again. */
  add(rule: FaultRule): () => void {
    if (this.#rules.length >= MAX_RULES) throw new RangeError(`there are ${MAX_RULES} fault rules already`);
    const entry = { rule, passes: rule.after ?? 0, left: rule.times ?? 1 };
    this.#rules.push(entry);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.#rules = [];
    this.#ended.clear();
  }

  take(request: ProxiedRequest): FaultRule | undefined {
    if (this.#ended.has(request.client)) return DROP;
    for (const entry of this.#rules) {
      if (entry.left === 0 || !fits(entry.rule, request)) continue;
      if (entry.passes > 0) {
        entry.passes -= 1;
        continue;
      }
      entry.left -= 1;
      if (entry.rule.endsClient === true) this.#ended.add(request.client);
      return entry.rule;
    }
    return undefined;
  }
}

function fits(rule: FaultRule, request: ProxiedRequest): boolean {
  return (
    (rule.methods?.includes(request.method) ?? true) &&
    (rule.path?.test(request.path) ?? true) &&
    (rule.watch === undefined || rule.watch === request.isWatch) &&
    (rule.userAgent === undefined || rule.userAgent === request.userAgent)
  );
}
