/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

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
    "\n  mutation SignIn($input: SignInInput!) {\n    result: signIn(input: $input) {\n      __typename\n      ... on SignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on TwoFactorRequired {\n        challenge\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.SignInDocument,
    "\n  mutation CompleteSignIn($input: CompleteSignInInput!) {\n    result: completeSignIn(input: $input) {\n      __typename\n      ... on CompleteSignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": typeof types.CompleteSignInDocument,
};
const documents: Documents = {
    "\n  mutation SignIn($input: SignInInput!) {\n    result: signIn(input: $input) {\n      __typename\n      ... on SignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on TwoFactorRequired {\n        challenge\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.SignInDocument,
    "\n  mutation CompleteSignIn($input: CompleteSignInInput!) {\n    result: completeSignIn(input: $input) {\n      __typename\n      ... on CompleteSignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n": types.CompleteSignInDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignIn($input: SignInInput!) {\n    result: signIn(input: $input) {\n      __typename\n      ... on SignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on TwoFactorRequired {\n        challenge\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation SignIn($input: SignInInput!) {\n    result: signIn(input: $input) {\n      __typename\n      ... on SignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on TwoFactorRequired {\n        challenge\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CompleteSignIn($input: CompleteSignInInput!) {\n    result: completeSignIn(input: $input) {\n      __typename\n      ... on CompleteSignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CompleteSignIn($input: CompleteSignInInput!) {\n    result: completeSignIn(input: $input) {\n      __typename\n      ... on CompleteSignInPayload {\n        session {\n          token\n          viewer {\n            name\n            role\n          }\n        }\n      }\n      ... on ValidationError {\n        fields {\n          path\n          message\n        }\n      }\n      ... on Error {\n        code\n        message\n      }\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;