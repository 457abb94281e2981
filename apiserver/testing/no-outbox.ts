import type { NotificationOutbox } from '../notifications/notification-outbox.ts';

/** For tests of what is not about notifications: nobody is told of anything. */
export const noOutbox: Pick<NotificationOutbox, 'noteLedger' | 'noteLimits' | 'askAddresses' | 'wake'> = {
  noteLedger: async () => undefined,
  noteLimits: async () => undefined,
  askAddresses: async () => undefined,
  wake: () => undefined,
};
