/* eslint-disable */
import * as types from './graphql.ts';



/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "\n  mutation ExampleSignIn($input: SignInInput!) {\n    signIn(input: $input) {\n      __typename\n      ... on SignInPayload {\n        session {\n          token\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.ExampleSignInDocument,
    "\n  mutation ExampleSignUp($input: SignUpInput!) {\n    signUp(input: $input) {\n      __typename\n      ... on SignUpPayload {\n        session {\n          token\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.ExampleSignUpDocument,
    "\n  query ExampleCatalogue($first: Int!) {\n    catalogue(first: $first) {\n      nodes {\n        id\n        title\n        isBuyable\n        contributors {\n          name\n        }\n        price {\n          amount\n          amountMinor\n          currency\n        }\n      }\n    }\n  }\n": typeof types.ExampleCatalogueDocument,
    "\n  mutation ExamplePlaceOrder($input: PlaceOrderInput!) {\n    placeOrder(input: $input) {\n      __typename\n      ... on PlaceOrderPayload {\n        order {\n          id\n        }\n      }\n      ... on PurchaseInProgress {\n        order {\n          id\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.ExamplePlaceOrderDocument,
    "\n  subscription ExampleOrderStatus($orderId: ID!) {\n    orderStatus(orderId: $orderId) {\n      seq\n      at\n      status\n      reason\n      retryAt\n    }\n  }\n": typeof types.ExampleOrderStatusDocument,
};
const documents: Documents = {
    "\n  mutation ExampleSignIn($input: SignInInput!) {\n    signIn(input: $input) {\n      __typename\n      ... on SignInPayload {\n        session {\n          token\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.ExampleSignInDocument,
    "\n  mutation ExampleSignUp($input: SignUpInput!) {\n    signUp(input: $input) {\n      __typename\n      ... on SignUpPayload {\n        session {\n          token\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.ExampleSignUpDocument,
    "\n  query ExampleCatalogue($first: Int!) {\n    catalogue(first: $first) {\n      nodes {\n        id\n        title\n        isBuyable\n        contributors {\n          name\n        }\n        price {\n          amount\n          amountMinor\n          currency\n        }\n      }\n    }\n  }\n": types.ExampleCatalogueDocument,
    "\n  mutation ExamplePlaceOrder($input: PlaceOrderInput!) {\n    placeOrder(input: $input) {\n      __typename\n      ... on PlaceOrderPayload {\n        order {\n          id\n        }\n      }\n      ... on PurchaseInProgress {\n        order {\n          id\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.ExamplePlaceOrderDocument,
    "\n  subscription ExampleOrderStatus($orderId: ID!) {\n    orderStatus(orderId: $orderId) {\n      seq\n      at\n      status\n      reason\n      retryAt\n    }\n  }\n": types.ExampleOrderStatusDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ExampleSignIn($input: SignInInput!) {\n    signIn(input: $input) {\n      __typename\n      ... on SignInPayload {\n        session {\n          token\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExampleSignInDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ExampleSignUp($input: SignUpInput!) {\n    signUp(input: $input) {\n      __typename\n      ... on SignUpPayload {\n        session {\n          token\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExampleSignUpDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ExampleCatalogue($first: Int!) {\n    catalogue(first: $first) {\n      nodes {\n        id\n        title\n        isBuyable\n        contributors {\n          name\n        }\n        price {\n          amount\n          amountMinor\n          currency\n        }\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExampleCatalogueDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ExamplePlaceOrder($input: PlaceOrderInput!) {\n    placeOrder(input: $input) {\n      __typename\n      ... on PlaceOrderPayload {\n        order {\n          id\n        }\n      }\n      ... on PurchaseInProgress {\n        order {\n          id\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): typeof import('./graphql.ts').ExamplePlaceOrderDocument;
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription ExampleOrderStatus($orderId: ID!) {\n    orderStatus(orderId: $orderId) {\n      seq\n      at\n      status\n      reason\n      retryAt\n    }\n  }\n"): typeof import('./graphql.ts').ExampleOrderStatusDocument;


export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}
