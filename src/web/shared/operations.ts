/** Opening a session. */
import { graphql } from './gql/gql.ts';

export const signIn = graphql(/* GraphQL */ `
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
      ... on TwoFactorRequired {
        challenge
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
`);

export const completeSignIn = graphql(/* GraphQL */ `
  mutation CompleteSignIn($input: CompleteSignInInput!) {
    result: completeSignIn(input: $input) {
      __typename
      ... on CompleteSignInPayload {
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
`);
