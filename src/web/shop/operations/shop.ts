/** Finding, buying and keeping books. */
import { graphql } from '../gql/gql.ts';

export const catalogue = graphql(/* GraphQL */ `
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
`);

export const catalogueFacets = graphql(/* GraphQL */ `
  query CatalogueFacets($filter: CatalogueFilter, $upTo: [SafeInt!]!, $after: [DateTime!]!) {
    catalogueFacets(filter: $filter) {
      isWhole
      languages {
        value
        count
      }
      priceCounts(currency: "EUR", upTo: $upTo)
      publishedCounts(after: $after)
    }
  }
`);

export const book = graphql(/* GraphQL */ `
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
      sample {
        chapters {
          title
          url
          isCut
        }
      }
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
`);

export const placeOrder = graphql(/* GraphQL */ `
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
`);

export const order = graphql(/* GraphQL */ `
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
      receipt {
        number
        url
      }
      refunds {
        id
        status
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
`);

export const orderSteps = graphql(/* GraphQL */ `
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
`);

export const orders = graphql(/* GraphQL */ `
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
`);

export const library = graphql(/* GraphQL */ `
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
`);

export const createDownload = graphql(/* GraphQL */ `
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
`);

export const requestRefund = graphql(/* GraphQL */ `
  mutation RequestRefund($input: RequestRefundInput!) {
    result: requestRefund(input: $input) {
      __typename
      ... on RequestRefundPayload {
        refund {
          id
          status
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

export const refundSteps = graphql(/* GraphQL */ `
  subscription RefundSteps($id: ID!, $after: Int) {
    step: refundStatus(refundId: $id, after: $after) {
      seq
      at
      status
      retryAt
      reason
    }
  }
`);

export const reading = graphql(/* GraphQL */ `
  query Reading($id: ID!) {
    node(id: $id) {
      __typename
      ... on Entitlement {
        edition {
          title
        }
        reading {
          chapters {
            title
            url
            isCut
          }
        }
      }
    }
  }
`);
