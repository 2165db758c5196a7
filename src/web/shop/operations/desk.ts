/** Writing and publishing books. */
import { graphql } from '../gql/gql.ts';

export const drafts = graphql(/* GraphQL */ `
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
`);

export const manuscript = graphql(/* GraphQL */ `
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
`);

export const publishSteps = graphql(/* GraphQL */ `
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
`);

export const createDraft = graphql(/* GraphQL */ `
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
`);

export const updateDraft = graphql(/* GraphQL */ `
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
`);

export const createRevision = graphql(/* GraphQL */ `
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
`);

export const attachFile = graphql(/* GraphQL */ `
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
`);

export const submitEdition = graphql(/* GraphQL */ `
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
`);

export const withdrawEdition = graphql(/* GraphQL */ `
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
`);

export const unpublishEdition = graphql(/* GraphQL */ `
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
`);

export const relistEdition = graphql(/* GraphQL */ `
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
`);

export const createUpload = graphql(/* GraphQL */ `
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
`);

export const completeUpload = graphql(/* GraphQL */ `
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
`);

export const acceptSuggestion = graphql(/* GraphQL */ `
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
`);

export const dismissSuggestion = graphql(/* GraphQL */ `
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
`);

export const balances = graphql(/* GraphQL */ `
  query Balances {
    authorBalances {
      currency
      payable {
        amount
        amountMinor
        currency
      }
      onHold {
        amount
        amountMinor
        currency
      }
      processing {
        amount
        amountMinor
        currency
      }
    }
  }
`);

export const statement = graphql(/* GraphQL */ `
  query Statement($month: String!, $currency: String!, $first: Int!, $after: String) {
    authorStatement(month: $month, currency: $currency) {
      openingBalance {
        amount
        amountMinor
        currency
      }
      sales {
        amount
        amountMinor
        currency
      }
      refunds {
        amount
        amountMinor
        currency
      }
      payouts {
        amount
        amountMinor
        currency
      }
      closingBalance {
        amount
        amountMinor
        currency
      }
      csvUrl
      lines(first: $first, after: $after) {
        nodes {
          at
          kind
          titles
          amount {
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
  }
`);
