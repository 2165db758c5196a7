/** What the business's stages are given: ports to the outside and the database for reading. */
import type { Redis } from 'ioredis';
import type { PayoutTerms } from '../books/payout-terms.ts';
import type { Db } from '../db/client.ts';
import type { BookEnricher } from '../ports/ai/enricher.ts';
import type { MailSender } from '../ports/mail/mail-sender.ts';
import type { PaymentProvider } from '../ports/payments/provider.ts';
import type { BlobStorage } from '../ports/storage/blob-storage.ts';
import type { Seller } from './receipt/receipt-words.ts';
import type { WebhookSender } from '../ports/webhooks/sender.ts';
import { declare } from '../streams/index.ts';

export interface ConsumerServices {
  readonly db: Db;
  readonly redis: Redis;
  readonly gateway: PaymentProvider;
  readonly storage: BlobStorage;
  readonly mail: MailSender;
  readonly enricher: BookEnricher;
  readonly webhooks: WebhookSender;
  /** Number of shards the outbox is split into, for a stage that starts runs of another workflow. */
  readonly shards: number;
  /** Where files are put while they are checked; emptied by whoever used it. */
  readonly scratchDir: string;
  /** Where people reach the program, for links in mails. */
  readonly publicUrl: string;
  /** Signs the links in mails, as the API's first secret does. */
  readonly secret: string;
  /** Who sells, as receipts say it. */
  readonly seller: Seller;
  /** When authors are paid. */
  readonly payouts: PayoutTerms;
}

export const { stage, workflow } = declare<ConsumerServices>();
