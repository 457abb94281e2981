/**
 * The numbers of Postgres's advisory locks that the servers hold, and the same in every release, so that two of them wait
 * for each other. Any numbers will do, each once.
 */
export const ADVISORY_LOCKS = {
  /** Held by who migrates. */
  migration: 7_203_141_590,
  /** The lease of the one writer of the ledger. */
  ledger: 7_203_141_591,
  initialAdmin: 7_203_141_592,
  /** Held shared by who writes rows of tenants, and alone by who buries one. */
  purge: 7_203_141_594,
  /** So that of several replicas one takes a snapshot of the platform, and the others wait for that one. */
  snapshot: 7_203_141_596,
  /** Held by who mails a question to an address. */
  addressProof: 7_203_141_597,
} as const satisfies Readonly<Record<string, number>>;
