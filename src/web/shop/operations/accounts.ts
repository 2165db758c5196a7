/** Who somebody is. */
import { graphql } from '../gql/gql.ts';

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

export const completeSignUp = graphql(/* GraphQL */ `
  mutation CompleteSignUp($input: CompleteSignUpInput!) {
    result: completeSignUp(input: $input) {
      __typename
      ... on CompleteSignUpPayload {
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
      isEmailVerified
      isTwoFactorOn
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

export const requestPasswordReset = graphql(/* GraphQL */ `
  mutation RequestPasswordReset($input: RequestPasswordResetInput!) {
    result: requestPasswordReset(input: $input) {
      __typename
      ... on RequestPasswordResetPayload {
        __typename
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

export const resetPassword = graphql(/* GraphQL */ `
  mutation ResetPassword($input: ResetPasswordInput!) {
    result: resetPassword(input: $input) {
      __typename
      ... on ResetPasswordPayload {
        __typename
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

export const verifyEmail = graphql(/* GraphQL */ `
  mutation VerifyEmail($input: VerifyEmailInput!) {
    result: verifyEmail(input: $input) {
      __typename
      ... on VerifyEmailPayload {
        __typename
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

export const requestEmailVerification = graphql(/* GraphQL */ `
  mutation RequestEmailVerification($input: RequestEmailVerificationInput!) {
    result: requestEmailVerification(input: $input) {
      __typename
      ... on RequestEmailVerificationPayload {
        __typename
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

export const claimOrder = graphql(/* GraphQL */ `
  mutation ClaimOrder($input: ClaimOrderInput!) {
    result: claimOrder(input: $input) {
      __typename
      ... on ClaimOrderPayload {
        entitlements {
          edition {
            id
            title
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

export const signInMethods = graphql(/* GraphQL */ `
  query SignInMethods {
    signInMethods {
      key
      name
      startUrl
    }
  }
`);
