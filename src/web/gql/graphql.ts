/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** All that this mutation needs. */
export type AcceptSuggestionInput = {
  /** The revision that the suggestions are for. */
  revisionId: string | number;
};

/** All that this mutation needs. */
export type AttachFileInput = {
  /** The edition. */
  editionId: string | number;
  /** A file of yours that is STORED. */
  fileId: string | number;
};

/** All that this mutation needs. */
export type BecomeAuthorInput = {
  /** You own the rights to what you will publish. */
  acceptTerms: boolean;
};

/** What a page of the catalogue holds; all of it must be true. */
export type CatalogueFilter = {
  /** Anywhere in a contributor’s name. */
  contributor?: string | null | undefined;
  /** Only what is sold for this currency (ISO 4217). */
  currency?: string | null | undefined;
  /** BCP 47; `en` finds `en-US` too. */
  language?: string | null | undefined;
  /** At most so many minor units of `currency`. */
  priceMax?: number | null | undefined;
  /** Only what was published after this instant. */
  publishedAfter?: string | null | undefined;
  /** One of its subjects, exactly. */
  subject?: string | null | undefined;
  /** Anywhere in the title or in a contributor’s name. */
  text?: string | null | undefined;
};

/** In which order. */
export type CatalogueOrder =
  /** The newest first. */
  | 'PUBLISHED_DESC'
  /** By title, letters before accents, capitals and small letters alike. */
  | 'TITLE_ASC';

/** All that this mutation needs. */
export type CompleteUploadInput = {
  /** The file that was announced. */
  fileId: string | number;
};

/** Somebody who made a book. */
export type ContributorInput = {
  /** As on the title page. */
  name: string;
  /** MARC relator code: `aut` author, `ill` illustrator, `trl` translator, `edt` editor, `nrt` narrator … */
  role?: string;
};

/** All that this mutation needs. */
export type CreateDownloadInput = {
  /** A book of your library. */
  editionId: string | number;
};

/** All that this mutation needs. */
export type CreateDraftInput = {
  /** Who made it, in the order of the title page. */
  contributors?: Array<ContributorInput> | null | undefined;
  /** What the book is about, plain text. */
  description?: string | null | undefined;
  /** ISBN, with or without hyphens. */
  isbn13?: string | null | undefined;
  /** BCP 47 tag: `en`, `pt-BR`. */
  language?: string | null | undefined;
  /** One per currency. */
  prices?: Array<MoneyInput> | null | undefined;
  /** Year of first publication; negative is BCE. */
  publicationYear?: number | null | undefined;
  /** The series it belongs to. */
  series?: SeriesInput | null | undefined;
  /** What it is about. */
  subjects?: Array<string> | null | undefined;
  /** The subtitle. */
  subtitle?: string | null | undefined;
  /** The title. */
  title: string;
  /** Another edition of this work of yours. (Default: a new work) */
  workId?: string | number | null | undefined;
};

/** All that this mutation needs. */
export type CreateRevisionInput = {
  /** The edition. */
  editionId: string | number;
};

/** All that this mutation needs. */
export type CreateUploadInput = {
  /** `application/epub+zip`: only EPUBs are taken. */
  mediaType?: string;
  /** The file’s name; folders are dropped. */
  name: string;
  /** SHA-256 of the bytes, in hex. */
  sha256: string;
  /** Its size. */
  sizeBytes: number;
};

/** All that this mutation needs. */
export type DismissSuggestionInput = {
  /** The revision that the suggestions are for. */
  revisionId: string | number;
};

/** Where an edition stands: what is being prepared, or else what is with the readers. */
export type EditionStatus =
  /** Title, language, price and the like are being checked. */
  | 'CHECKING_METADATA'
  /** Is being compared with the books on sale. */
  | 'DEDUPING'
  /** Being written; only its author sees it. */
  | 'DRAFT'
  /** Cover, contents and sample are being read out of the file. */
  | 'EXTRACTING'
  /** It failed on our side; it can be handed in again. */
  | 'FAILED'
  /** The author can mend it: every fault is in the report. */
  | 'NEEDS_CHANGES'
  /** On sale. */
  | 'PUBLISHED'
  /** Refused as hostile or as a copy. */
  | 'REJECTED'
  /** The archive is being scanned for anything hostile. */
  | 'SCANNING_FILE'
  /** Handed in; publishing begins. */
  | 'SUBMITTED'
  /** A newer revision took its place. */
  | 'SUPERSEDED'
  /** Taken off sale by an admin. */
  | 'TAKEN_DOWN'
  /** Taken off sale by its author; readers keep what they bought. */
  | 'UNPUBLISHED'
  /** The EPUB is being checked for what would make it unreadable. */
  | 'VALIDATING'
  /** Taken back by its author while it was prepared. */
  | 'WITHDRAWN';

/** Where the suggestions stand. */
export type EnrichmentStatus =
  /** They could not be made; the book is not touched by that. */
  | 'FAILED'
  /** Not begun. */
  | 'QUEUED'
  /** Here. */
  | 'READY'
  /** Being made. */
  | 'RUNNING';

/** Where a right to read stands. */
export type EntitlementStatus =
  /** The book may be read. */
  | 'ACTIVE'
  /** Ended, and the money given back. */
  | 'REFUNDED'
  /** Ended. */
  | 'REVOKED'
  /** Held while a payment is in dispute. */
  | 'SUSPENDED';

/** Where a file stands. */
export type FileState =
  /** Announced; its bytes are awaited. */
  | 'PENDING'
  /** Found to be harmful; kept from everyone. */
  | 'QUARANTINED'
  /** Its bytes are here and are the announced ones. */
  | 'STORED';

/** How bad a finding is. */
export type FindingSeverity =
  /** Wrong. When the status is NEEDS_CHANGES, one of these is why. */
  | 'ERROR'
  /** Worth knowing. */
  | 'INFO'
  /** Some reading programs may stumble on it. */
  | 'WARNING';

/** An amount of money, exact. */
export type MoneyInput = {
  /** In minor units: 999 is 9.99 EUR and 999 JPY. From 0 to 10,000,000. */
  amountMinor: number;
  /** ISO 4217 code, such as `EUR`. */
  currency: string;
};

/** Where an order stands. */
export type OrderStatus =
  /** The amount is reserved, not taken. */
  | 'AUTHORIZED'
  /** It could not be completed; nothing was kept. */
  | 'CANCELLED'
  /** The amount is being taken; an unknown outcome stays here until the provider answers. */
  | 'CAPTURING'
  /** The book is in the library. */
  | 'COMPLETED'
  /** The payment was declined; nothing was taken. */
  | 'DECLINED'
  /** It was not paid in time; nothing was taken. */
  | 'EXPIRED'
  /** The licence is being granted. */
  | 'FULFILLING'
  /** The amount was taken and booked. */
  | 'PAID'
  /** Placed; the payment has not begun. */
  | 'PENDING_PAYMENT'
  /** The buyer has to approve the payment. */
  | 'REQUIRES_ACTION';

/** All that this mutation needs. */
export type PlaceOrderInput = {
  /** Where the buyer lives (ISO 3166-1): whose tax is charged. (Default: the shop’s own) */
  country?: string | null | undefined;
  /** What to pay in (ISO 4217). */
  currency?: string | null | undefined;
  /** Or buy this edition at its price; with `currency`. */
  editionId?: string | number | null | undefined;
  /** The price that the buyer was shown; another one is answered by PriceChanged. */
  expectedPrice?: MoneyInput | null | undefined;
  /** Yours, new for each purchase: the same key buys once, however often it is sent, for ever. */
  idempotencyKey: string;
  /** The provider’s token for the means of payment; never a card number. */
  paymentToken: string;
  /** Buy what this quote holds, at what it says. Then leave edition, currency, country and price out. */
  quoteId?: string | number | null | undefined;
};

/** All that this mutation needs. */
export type RelistEditionInput = {
  /** The edition. */
  editionId: string | number;
};

/** A series, and the place of the book in it. */
export type SeriesInput = {
  /** The name of the series. */
  name: string;
  /** 1 is the first; 1.5 stands between 1 and 2. */
  position?: number | null | undefined;
};

/** All that this mutation needs. */
export type SignInInput = {
  /** The e-mail of the account. */
  email: string;
  /** Its password. */
  password: string;
};

/** All that this mutation needs. */
export type SignUpInput = {
  /** To sign in with. */
  email: string;
  /** As shown to others. */
  name: string;
  /** 12 to 128 characters. */
  password: string;
};

/** All that this mutation needs. */
export type SubmitEditionInput = {
  /** The edition. */
  editionId: string | number;
  /** Yours, new for each submission: the same key does it once, however often it is sent. */
  idempotencyKey: string;
};

/** What the author says to the suggestions. */
export type SuggestionDecision =
  /** They may be shown beside the author’s own words. */
  | 'ACCEPTED'
  /** They are not wanted. */
  | 'DISMISSED'
  /** Nothing yet. */
  | 'OPEN';

/** All that this mutation needs. */
export type UnpublishEditionInput = {
  /** The edition. */
  editionId: string | number;
};

/** All that this mutation needs. */
export type UpdateDraftInput = {
  /** Who made it; replaces all. */
  contributors?: Array<ContributorInput> | null | undefined;
  /** What the book is about, plain text; null removes it. */
  description?: string | null | undefined;
  /** The edition. */
  editionId: string | number;
  /** The EPUB: a file of yours that is STORED; null removes it. */
  fileId?: string | number | null | undefined;
  /** ISBN, with or without hyphens; cannot change once published. */
  isbn13?: string | null | undefined;
  /** BCP 47 tag: `en`, `pt-BR`. */
  language?: string | null | undefined;
  /** One per currency; replaces all. */
  prices?: Array<MoneyInput> | null | undefined;
  /** Year of first publication; negative is BCE. */
  publicationYear?: number | null | undefined;
  /** The series it belongs to; null removes it. */
  series?: SeriesInput | null | undefined;
  /** What it is about; replaces all. */
  subjects?: Array<string> | null | undefined;
  /** The subtitle; null removes it. */
  subtitle?: string | null | undefined;
  /** The title. */
  title?: string | null | undefined;
};

/** What an account may do. */
export type UserRole =
  /** Also runs the marketplace. */
  | 'ADMIN'
  /** Also drafts and publishes. */
  | 'AUTHOR'
  /** Buys and reads. */
  | 'READER';

/** All that this mutation needs. */
export type WithdrawEditionInput = {
  /** The edition. */
  editionId: string | number;
};

export type SignUpMutationVariables = Exact<{
  input: SignUpInput;
}>;


export type SignUpMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'SignUpPayload', session: { token: string, viewer: { name: string, role: UserRole | null } } }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type SignInMutationVariables = Exact<{
  input: SignInInput;
}>;


export type SignInMutation = { result:
    | { __typename: 'InvalidCredentialsError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'SignInPayload', session: { token: string, viewer: { name: string, role: UserRole | null } } }
    | { __typename: 'TwoFactorRequired', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type SignOutMutationVariables = Exact<{ [key: string]: never; }>;


export type SignOutMutation = { signOut: boolean };

export type BecomeAuthorMutationVariables = Exact<{
  input: BecomeAuthorInput;
}>;


export type BecomeAuthorMutation = { result:
    | { __typename: 'BecomeAuthorPayload', viewer: { name: string, role: UserRole | null } }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type AccountQueryVariables = Exact<{ [key: string]: never; }>;


export type AccountQuery = { viewer: { name: string, email: string | null, role: UserRole | null, createdAt: string } | null, localMails: Array<{ at: string }> | null };

export type MailsQueryVariables = Exact<{ [key: string]: never; }>;


export type MailsQuery = { localMails: Array<{ to: string, subject: string, text: string, at: string }> | null };

export type DraftsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type DraftsQuery = { viewer: { role: UserRole | null } | null, myDrafts: { nodes: Array<{ id: string, title: string, status: EditionStatus, onSale: boolean, updatedAt: string, contributors: Array<{ name: string, role: string }>, covers: Array<{ url: string, width: number, height: number }>, price: { amount: string, amountMinor: number, currency: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ManuscriptQueryVariables = Exact<{
  id: string | number;
}>;


export type ManuscriptQuery = { edition: { id: string, title: string, status: EditionStatus, onSale: boolean, isbn13: string | null, publishedAt: string | null, prices: Array<{ amount: string, amountMinor: number, currency: string }>, liveRevision: { id: string, number: number } | null, workingRevision: { id: string, number: number, status: EditionStatus, title: string, subtitle: string | null, description: string | null, language: string | null, subjects: Array<string>, publicationYear: number | null, wordCount: number | null, series: { name: string, position: number | null } | null, contributors: Array<{ name: string, role: string }>, file: { id: string, name: string, sizeBytes: number, state: FileState } | null, report: Array<{ code: string, severity: FindingSeverity, message: string, file: string | null, line: number | null, column: number | null }> | null, enrichment: { status: EnrichmentStatus, decision: SuggestionDecision, summary: string | null, tags: Array<string>, readingLevel: string | null, provenance: { provider: string, model: string | null } | null } | null } | null } | null };

export type PublishStepsSubscriptionVariables = Exact<{
  id: string | number;
  after?: number | null | undefined;
}>;


export type PublishStepsSubscription = { step: { seq: number, at: string, status: EditionStatus, stage: string | null, retryAt: string | null, note: string | null, revisionNumber: number } };

export type CreateDraftMutationVariables = Exact<{
  input: CreateDraftInput;
}>;


export type CreateDraftMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'CreateDraftPayload', edition: { id: string } }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type UpdateDraftMutationVariables = Exact<{
  input: UpdateDraftInput;
}>;


export type UpdateDraftMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'UpdateDraftPayload', edition: { id: string } }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type CreateRevisionMutationVariables = Exact<{
  input: CreateRevisionInput;
}>;


export type CreateRevisionMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'CreateRevisionPayload', edition: { id: string } }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type AttachFileMutationVariables = Exact<{
  input: AttachFileInput;
}>;


export type AttachFileMutation = { result:
    | { __typename: 'AttachFilePayload', edition: { id: string } }
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type SubmitEditionMutationVariables = Exact<{
  input: SubmitEditionInput;
}>;


export type SubmitEditionMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'IdempotencyConflict', code: string, message: string }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'SubmitEditionPayload', edition: { id: string } }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type WithdrawEditionMutationVariables = Exact<{
  input: WithdrawEditionInput;
}>;


export type WithdrawEditionMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
    | { __typename: 'WithdrawEditionPayload', edition: { id: string } }
   };

export type UnpublishEditionMutationVariables = Exact<{
  input: UnpublishEditionInput;
}>;


export type UnpublishEditionMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'UnpublishEditionPayload', edition: { id: string } }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type RelistEditionMutationVariables = Exact<{
  input: RelistEditionInput;
}>;


export type RelistEditionMutation = { result:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'RelistEditionPayload', edition: { id: string } }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type CreateUploadMutationVariables = Exact<{
  input: CreateUploadInput;
}>;


export type CreateUploadMutation = { result:
    | { __typename: 'CreateUploadPayload', uploadUrl: string, headers: Array<{ name: string, value: string }>, file: { id: string } }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'UploadQuotaReached', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type CompleteUploadMutationVariables = Exact<{
  input: CompleteUploadInput;
}>;


export type CompleteUploadMutation = { result:
    | { __typename: 'CompleteUploadPayload', file: { id: string } }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'UploadMismatch', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type AcceptSuggestionMutationVariables = Exact<{
  input: AcceptSuggestionInput;
}>;


export type AcceptSuggestionMutation = { result:
    | { __typename: 'AcceptSuggestionPayload', enrichment: { decision: SuggestionDecision } }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type DismissSuggestionMutationVariables = Exact<{
  input: DismissSuggestionInput;
}>;


export type DismissSuggestionMutation = { result:
    | { __typename: 'DismissSuggestionPayload', enrichment: { decision: SuggestionDecision } }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type CatalogueQueryVariables = Exact<{
  filter?: CatalogueFilter | null | undefined;
  orderBy: CatalogueOrder;
  first: number;
  after?: string | null | undefined;
}>;


export type CatalogueQuery = { catalogue: { nodes: Array<{ id: string, title: string, isBuyable: boolean, contributors: Array<{ name: string, role: string }>, covers: Array<{ url: string, width: number, height: number }>, price: { amount: string, amountMinor: number, currency: string } | null }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type BookQueryVariables = Exact<{
  id: string | number;
}>;


export type BookQuery = { edition: { id: string, title: string, isBuyable: boolean, onSale: boolean, isbn13: string | null, publishedAt: string | null, ratingAverage: number | null, ratingCount: number, contributors: Array<{ name: string, role: string, roleName: string }>, covers: Array<{ url: string, width: number, height: number }>, prices: Array<{ amount: string, amountMinor: number, currency: string }>, owner: { name: string }, liveRevision: { subtitle: string | null, description: string | null, language: string | null, subjects: Array<string>, publicationYear: number | null, wordCount: number | null, series: { name: string, position: number | null } | null, tableOfContents: Array<{ label: string, children: Array<{ label: string, children: Array<{ label: string }> }> }>, sample: Array<{ title: string | null, paragraphs: Array<string> }>, accessibility: { summary: string | null, features: Array<string>, hazards: Array<string>, accessModes: Array<string>, conformsTo: Array<string> } | null, enrichment: { decision: SuggestionDecision, summary: string | null, tags: Array<string>, readingLevel: string | null, provenance: { provider: string, model: string | null } | null } | null } | null } | null };

export type PlaceOrderMutationVariables = Exact<{
  input: PlaceOrderInput;
}>;


export type PlaceOrderMutation = { result:
    | { __typename: 'AlreadyOwned', code: string, message: string }
    | { __typename: 'CouponRefused', code: string, message: string }
    | { __typename: 'IdempotencyConflict', code: string, message: string }
    | { __typename: 'NotForSale', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'PlaceOrderPayload', order: { id: string } }
    | { __typename: 'PriceChanged', code: string, message: string, price: { amount: string, amountMinor: number, currency: string } }
    | { __typename: 'PurchaseInProgress', code: string, message: string, order: { id: string } }
    | { __typename: 'QuoteExpired', code: string, message: string }
    | { __typename: 'QuoteUsed', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export type OrderQueryVariables = Exact<{
  id: string | number;
}>;


export type OrderQuery = { order: { id: string, status: OrderStatus, createdAt: string, total: { amount: string, amountMinor: number, currency: string }, lines: Array<{ edition: { id: string, title: string, contributors: Array<{ name: string, role: string }>, covers: Array<{ url: string, width: number, height: number }> } }> } | null };

export type OrderStepsSubscriptionVariables = Exact<{
  id: string | number;
  after?: number | null | undefined;
}>;


export type OrderStepsSubscription = { step: { seq: number, at: string, status: OrderStatus, stage: string | null, retryAt: string | null, reason: string | null, order: { payment: { actionUrl: string | null } | null } } };

export type OrdersQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type OrdersQuery = { myOrders: { nodes: Array<{ id: string, status: OrderStatus, createdAt: string, reason: string | null, total: { amount: string, amountMinor: number, currency: string }, lines: Array<{ edition: { title: string } }> }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type LibraryQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type LibraryQuery = { myLibrary: { nodes: Array<{ id: string, status: EntitlementStatus, createdAt: string, order: { id: string } | null, edition: { id: string, title: string, onSale: boolean, contributors: Array<{ name: string, role: string }>, covers: Array<{ url: string, width: number, height: number }> } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type CreateDownloadMutationVariables = Exact<{
  input: CreateDownloadInput;
}>;


export type CreateDownloadMutation = { result:
    | { __typename: 'CreateDownloadPayload', url: string, fileName: string, sizeBytes: number }
    | { __typename: 'InvalidStateError', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string, fields: Array<{ path: string, message: string }> }
   };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const SignUpDocument = new TypedDocumentString(`
    mutation SignUp($input: SignUpInput!) {
  result: signUp(input: $input) {
    __typename
    ... on SignUpPayload {
      session {
        token
        viewer {
          name
          role
        }
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SignUpMutation, SignUpMutationVariables>;
export const SignInDocument = new TypedDocumentString(`
    mutation SignIn($input: SignInInput!) {
  result: signIn(input: $input) {
    __typename
    ... on SignInPayload {
      session {
        token
        viewer {
          name
          role
        }
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SignInMutation, SignInMutationVariables>;
export const SignOutDocument = new TypedDocumentString(`
    mutation SignOut {
  signOut
}
    `) as unknown as TypedDocumentString<SignOutMutation, SignOutMutationVariables>;
export const BecomeAuthorDocument = new TypedDocumentString(`
    mutation BecomeAuthor($input: BecomeAuthorInput!) {
  result: becomeAuthor(input: $input) {
    __typename
    ... on BecomeAuthorPayload {
      viewer {
        name
        role
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<BecomeAuthorMutation, BecomeAuthorMutationVariables>;
export const AccountDocument = new TypedDocumentString(`
    query Account {
  viewer {
    name
    email
    role
    createdAt
  }
  localMails {
    at
  }
}
    `) as unknown as TypedDocumentString<AccountQuery, AccountQueryVariables>;
export const MailsDocument = new TypedDocumentString(`
    query Mails {
  localMails {
    to
    subject
    text
    at
  }
}
    `) as unknown as TypedDocumentString<MailsQuery, MailsQueryVariables>;
export const DraftsDocument = new TypedDocumentString(`
    query Drafts($first: Int!, $after: String) {
  viewer {
    role
  }
  myDrafts(first: $first, after: $after) {
    nodes {
      id
      title
      status
      onSale
      updatedAt
      contributors {
        name
        role
      }
      covers {
        url
        width
        height
      }
      price {
        amount
        amountMinor
        currency
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<DraftsQuery, DraftsQueryVariables>;
export const ManuscriptDocument = new TypedDocumentString(`
    query Manuscript($id: ID!) {
  edition(id: $id) {
    id
    title
    status
    onSale
    isbn13
    publishedAt
    prices {
      amount
      amountMinor
      currency
    }
    liveRevision {
      id
      number
    }
    workingRevision {
      id
      number
      status
      title
      subtitle
      description
      language
      subjects
      publicationYear
      wordCount
      series {
        name
        position
      }
      contributors {
        name
        role
      }
      file {
        id
        name
        sizeBytes
        state
      }
      report {
        code
        severity
        message
        file
        line
        column
      }
      enrichment {
        status
        decision
        summary
        tags
        readingLevel
        provenance {
          provider
          model
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ManuscriptQuery, ManuscriptQueryVariables>;
export const PublishStepsDocument = new TypedDocumentString(`
    subscription PublishSteps($id: ID!, $after: Int) {
  step: editionStatus(editionId: $id, after: $after) {
    seq
    at
    status
    stage
    retryAt
    note
    revisionNumber
  }
}
    `) as unknown as TypedDocumentString<PublishStepsSubscription, PublishStepsSubscriptionVariables>;
export const CreateDraftDocument = new TypedDocumentString(`
    mutation CreateDraft($input: CreateDraftInput!) {
  result: createDraft(input: $input) {
    __typename
    ... on CreateDraftPayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<CreateDraftMutation, CreateDraftMutationVariables>;
export const UpdateDraftDocument = new TypedDocumentString(`
    mutation UpdateDraft($input: UpdateDraftInput!) {
  result: updateDraft(input: $input) {
    __typename
    ... on UpdateDraftPayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<UpdateDraftMutation, UpdateDraftMutationVariables>;
export const CreateRevisionDocument = new TypedDocumentString(`
    mutation CreateRevision($input: CreateRevisionInput!) {
  result: createRevision(input: $input) {
    __typename
    ... on CreateRevisionPayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<CreateRevisionMutation, CreateRevisionMutationVariables>;
export const AttachFileDocument = new TypedDocumentString(`
    mutation AttachFile($input: AttachFileInput!) {
  result: attachFile(input: $input) {
    __typename
    ... on AttachFilePayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<AttachFileMutation, AttachFileMutationVariables>;
export const SubmitEditionDocument = new TypedDocumentString(`
    mutation SubmitEdition($input: SubmitEditionInput!) {
  result: submitEdition(input: $input) {
    __typename
    ... on SubmitEditionPayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SubmitEditionMutation, SubmitEditionMutationVariables>;
export const WithdrawEditionDocument = new TypedDocumentString(`
    mutation WithdrawEdition($input: WithdrawEditionInput!) {
  result: withdrawEdition(input: $input) {
    __typename
    ... on WithdrawEditionPayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<WithdrawEditionMutation, WithdrawEditionMutationVariables>;
export const UnpublishEditionDocument = new TypedDocumentString(`
    mutation UnpublishEdition($input: UnpublishEditionInput!) {
  result: unpublishEdition(input: $input) {
    __typename
    ... on UnpublishEditionPayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<UnpublishEditionMutation, UnpublishEditionMutationVariables>;
export const RelistEditionDocument = new TypedDocumentString(`
    mutation RelistEdition($input: RelistEditionInput!) {
  result: relistEdition(input: $input) {
    __typename
    ... on RelistEditionPayload {
      edition {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<RelistEditionMutation, RelistEditionMutationVariables>;
export const CreateUploadDocument = new TypedDocumentString(`
    mutation CreateUpload($input: CreateUploadInput!) {
  result: createUpload(input: $input) {
    __typename
    ... on CreateUploadPayload {
      uploadUrl
      headers {
        name
        value
      }
      file {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<CreateUploadMutation, CreateUploadMutationVariables>;
export const CompleteUploadDocument = new TypedDocumentString(`
    mutation CompleteUpload($input: CompleteUploadInput!) {
  result: completeUpload(input: $input) {
    __typename
    ... on CompleteUploadPayload {
      file {
        id
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<CompleteUploadMutation, CompleteUploadMutationVariables>;
export const AcceptSuggestionDocument = new TypedDocumentString(`
    mutation AcceptSuggestion($input: AcceptSuggestionInput!) {
  result: acceptSuggestion(input: $input) {
    __typename
    ... on AcceptSuggestionPayload {
      enrichment {
        decision
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<AcceptSuggestionMutation, AcceptSuggestionMutationVariables>;
export const DismissSuggestionDocument = new TypedDocumentString(`
    mutation DismissSuggestion($input: DismissSuggestionInput!) {
  result: dismissSuggestion(input: $input) {
    __typename
    ... on DismissSuggestionPayload {
      enrichment {
        decision
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<DismissSuggestionMutation, DismissSuggestionMutationVariables>;
export const CatalogueDocument = new TypedDocumentString(`
    query Catalogue($filter: CatalogueFilter, $orderBy: CatalogueOrder!, $first: Int!, $after: String) {
  catalogue(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    nodes {
      id
      title
      isBuyable
      contributors {
        name
        role
      }
      covers {
        url
        width
        height
      }
      price {
        amount
        amountMinor
        currency
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<CatalogueQuery, CatalogueQueryVariables>;
export const BookDocument = new TypedDocumentString(`
    query Book($id: ID!) {
  edition(id: $id) {
    id
    title
    isBuyable
    onSale
    isbn13
    publishedAt
    ratingAverage
    ratingCount
    contributors {
      name
      role
      roleName
    }
    covers {
      url
      width
      height
    }
    prices {
      amount
      amountMinor
      currency
    }
    owner {
      name
    }
    liveRevision {
      subtitle
      description
      language
      subjects
      publicationYear
      wordCount
      series {
        name
        position
      }
      tableOfContents {
        label
        children {
          label
          children {
            label
          }
        }
      }
      sample {
        title
        paragraphs
      }
      accessibility {
        summary
        features
        hazards
        accessModes
        conformsTo
      }
      enrichment {
        decision
        summary
        tags
        readingLevel
        provenance {
          provider
          model
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<BookQuery, BookQueryVariables>;
export const PlaceOrderDocument = new TypedDocumentString(`
    mutation PlaceOrder($input: PlaceOrderInput!) {
  result: placeOrder(input: $input) {
    __typename
    ... on PlaceOrderPayload {
      order {
        id
      }
    }
    ... on PurchaseInProgress {
      order {
        id
      }
    }
    ... on PriceChanged {
      price {
        amount
        amountMinor
        currency
      }
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<PlaceOrderMutation, PlaceOrderMutationVariables>;
export const OrderDocument = new TypedDocumentString(`
    query Order($id: ID!) {
  order(id: $id) {
    id
    status
    createdAt
    total {
      amount
      amountMinor
      currency
    }
    lines {
      edition {
        id
        title
        contributors {
          name
          role
        }
        covers {
          url
          width
          height
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<OrderQuery, OrderQueryVariables>;
export const OrderStepsDocument = new TypedDocumentString(`
    subscription OrderSteps($id: ID!, $after: Int) {
  step: orderStatus(orderId: $id, after: $after) {
    seq
    at
    status
    stage
    retryAt
    reason
    order {
      payment {
        actionUrl
      }
    }
  }
}
    `) as unknown as TypedDocumentString<OrderStepsSubscription, OrderStepsSubscriptionVariables>;
export const OrdersDocument = new TypedDocumentString(`
    query Orders($first: Int!, $after: String) {
  myOrders(first: $first, after: $after) {
    nodes {
      id
      status
      createdAt
      reason
      total {
        amount
        amountMinor
        currency
      }
      lines {
        edition {
          title
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<OrdersQuery, OrdersQueryVariables>;
export const LibraryDocument = new TypedDocumentString(`
    query Library($first: Int!, $after: String) {
  myLibrary(first: $first, after: $after) {
    nodes {
      id
      status
      createdAt
      order {
        id
      }
      edition {
        id
        title
        onSale
        contributors {
          name
          role
        }
        covers {
          url
          width
          height
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<LibraryQuery, LibraryQueryVariables>;
export const CreateDownloadDocument = new TypedDocumentString(`
    mutation CreateDownload($input: CreateDownloadInput!) {
  result: createDownload(input: $input) {
    __typename
    ... on CreateDownloadPayload {
      url
      fileName
      sizeBytes
    }
    ... on ValidationError {
      fields {
        path
        message
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<CreateDownloadMutation, CreateDownloadMutationVariables>;