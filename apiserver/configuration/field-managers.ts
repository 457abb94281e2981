/** Who owns which fields of a Tenant: one manager a concern. */

/** Owns everything of a spec but what billing owns. */
export const CONFIG_MANAGER = 'veralux-config';
/** Owns `plan`, and the suspension with reason Billing, where `billing` is Stripe. */
export const BILLING_MANAGER = 'veralux-billing';
