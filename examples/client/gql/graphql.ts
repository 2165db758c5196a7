/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
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

export type ExampleSignInMutationVariables = Exact<{
  input: SignInInput;
}>;


export type ExampleSignInMutation = { signIn:
    | { __typename: 'InvalidCredentialsError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'SignInPayload', session: { token: string } }
    | { __typename: 'TwoFactorRequired', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string }
   };

export type ExampleSignUpMutationVariables = Exact<{
  input: SignUpInput;
}>;


export type ExampleSignUpMutation = { signUp:
    | { __typename: 'ConflictError', code: string, message: string }
    | { __typename: 'EmailConfirmationRequired', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'SignUpPayload', session: { token: string } }
    | { __typename: 'ValidationError', code: string, message: string }
   };

export type ExampleCatalogueQueryVariables = Exact<{
  first: number;
}>;


export type ExampleCatalogueQuery = { catalogue: { nodes: Array<{ id: string, title: string, isBuyable: boolean, contributors: Array<{ name: string }>, price: { amount: string, amountMinor: number, currency: string } | null }> } };

export type ExamplePlaceOrderMutationVariables = Exact<{
  input: PlaceOrderInput;
}>;


export type ExamplePlaceOrderMutation = { placeOrder:
    | { __typename: 'AlreadyOwned', code: string, message: string }
    | { __typename: 'CouponRefused', code: string, message: string }
    | { __typename: 'IdempotencyConflict', code: string, message: string }
    | { __typename: 'NotForSale', code: string, message: string }
    | { __typename: 'NotFoundError', code: string, message: string }
    | { __typename: 'OverloadedError', code: string, message: string }
    | { __typename: 'PlaceOrderPayload', order: { id: string } }
    | { __typename: 'PriceChanged', code: string, message: string }
    | { __typename: 'PurchaseInProgress', code: string, message: string, order: { id: string } }
    | { __typename: 'QuoteExpired', code: string, message: string }
    | { __typename: 'QuoteUsed', code: string, message: string }
    | { __typename: 'ValidationError', code: string, message: string }
   };

export type ExampleOrderStatusSubscriptionVariables = Exact<{
  orderId: string | number;
}>;


export type ExampleOrderStatusSubscription = { orderStatus: { seq: number, at: string, status: OrderStatus, reason: string | null, retryAt: string | null } };

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

export const ExampleSignInDocument = new TypedDocumentString(`
    mutation ExampleSignIn($input: SignInInput!) {
  signIn(input: $input) {
    __typename
    ... on SignInPayload {
      session {
        token
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ExampleSignInMutation, ExampleSignInMutationVariables>;
export const ExampleSignUpDocument = new TypedDocumentString(`
    mutation ExampleSignUp($input: SignUpInput!) {
  signUp(input: $input) {
    __typename
    ... on SignUpPayload {
      session {
        token
      }
    }
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ExampleSignUpMutation, ExampleSignUpMutationVariables>;
export const ExampleCatalogueDocument = new TypedDocumentString(`
    query ExampleCatalogue($first: Int!) {
  catalogue(first: $first) {
    nodes {
      id
      title
      isBuyable
      contributors {
        name
      }
      price {
        amount
        amountMinor
        currency
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ExampleCatalogueQuery, ExampleCatalogueQueryVariables>;
export const ExamplePlaceOrderDocument = new TypedDocumentString(`
    mutation ExamplePlaceOrder($input: PlaceOrderInput!) {
  placeOrder(input: $input) {
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
    ... on Error {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ExamplePlaceOrderMutation, ExamplePlaceOrderMutationVariables>;
export const ExampleOrderStatusDocument = new TypedDocumentString(`
    subscription ExampleOrderStatus($orderId: ID!) {
  orderStatus(orderId: $orderId) {
    seq
    at
    status
    reason
    retryAt
  }
}
    `) as unknown as TypedDocumentString<ExampleOrderStatusSubscription, ExampleOrderStatusSubscriptionVariables>;