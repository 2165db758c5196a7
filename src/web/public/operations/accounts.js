// @ts-check
/** Who somebody is. */
import { graphql } from './graphql.js';

export const signUp = graphql(/* GraphQL */ `
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
`);

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

export const signOut = graphql(/* GraphQL */ `
  mutation SignOut {
    signOut
  }
`);

export const becomeAuthor = graphql(/* GraphQL */ `
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
`);

export const account = graphql(/* GraphQL */ `
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
`);

export const mails = graphql(/* GraphQL */ `
  query Mails {
    localMails {
      to
      subject
      text
      at
    }
  }
`);
