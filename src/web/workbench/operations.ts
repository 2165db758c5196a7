/** Everything that the workbench asks of the API. */
import { graphql } from './gql/gql.ts';

export const flows = graphql(`
  query Flows {
    flowGraph {
      name
      startedBy
      failsWith
      ends
      stages {
        id
        name
        on
        emits
        pivot
        compensates
        callsOut
        retry
        timeoutMs
      }
    }
  }
`);

export const stageFigures = graphql(`
  subscription StageFigures {
    stageFigures {
      stage
      waiting
      inFlight
      retrying
      parked
      perMinute
      failuresPerMinute
      p50Ms
      p99Ms
      events {
        type
        perMinute
        lastAt
      }
    }
  }
`);

export const runList = graphql(`
  query RunList($filter: RunFilter, $after: String) {
    runs(filter: $filter, first: 50, after: $after) {
      nodes {
        id
        workflow
        subject
        state
        stage
        failures
        lastError
        startedAt
        updatedAt
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const runDetail = graphql(`
  query RunDetail($id: String!) {
    run(id: $id) {
      id
      workflow
      subject
      state
      stage
      failures
      lastError
      startedAt
      updatedAt
      endedAt
      calls {
        what
        idempotencyKey
        durationMs
        outcome
        undoes
      }
      waits {
        count
        since
        until
      }
      next {
        stage
        attempt
        dueAt
        compensates
      }
      timeline {
        number
        type
        seq
        stage
        attempts
        durationMs
        traceId
        at
        retryAt
        error
        deliveries
        deliveredAt
        calls {
          what
          idempotencyKey
          durationMs
          outcome
          undoes
        }
        waits {
          count
          since
          until
        }
        payload
      }
    }
  }
`);

export const runUpdates = graphql(`
  subscription RunUpdates($id: String!) {
    runUpdates(runId: $id) {
      seq
      type
    }
  }
`);

export const discloseEvent = graphql(`
  mutation DiscloseEvent($number: SafeInt!) {
    discloseEvent(input: { number: $number }) {
      __typename
      ... on DiscloseEventPayload {
        payload
      }
      ... on Error {
        message
      }
    }
  }
`);

export const streamFigures = graphql(`
  subscription Streams {
    streams {
      name
      shard
      length
      lastStamped
      lastSent
      firstKept
      oldestAt
      groups {
        stage
        pending
        lag
        consumers {
          name
          pending
          idleMs
        }
      }
    }
  }
`);

export const relayList = graphql(`
  query Relays {
    relays {
      shard
      leader
      unsent
      oldestUnsentAt
    }
  }
`);

export const deadLetterList = graphql(`
  query DeadLetterList($state: DeadLetterState, $first: Int!, $after: String) {
    deadLetters(state: $state, first: $first, after: $after) {
      nodes {
        id
        stage
        reason
        error
        attempts
        payload
        state
        isOwed
        resolvedBy
        resolvedAt
        createdAt
        run {
          id
          state
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

export const decideDeadLetters = graphql(`
  mutation DecideDeadLetters($ids: [ID!]!, $decision: DeadLetterDecision!) {
    decideDeadLetters(input: { ids: $ids, decision: $decision }) {
      __typename
      ... on DecideDeadLettersPayload {
        deadLetters {
          id
          state
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

export const replayEdited = graphql(`
  mutation ReplayEdited($id: ID!, $payload: String!) {
    replayDeadLetter(input: { id: $id, payload: $payload }) {
      __typename
      ... on ReplayDeadLetterPayload {
        deadLetter {
          id
          state
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

export const discloseDeadLetter = graphql(`
  mutation DiscloseDeadLetter($id: ID!) {
    discloseDeadLetter(input: { id: $id }) {
      __typename
      ... on DiscloseDeadLetterPayload {
        payload
      }
      ... on Error {
        message
      }
    }
  }
`);

export const clockList = graphql(`
  query ClockList {
    schedules {
      name
      cron
      nextAt
      lastSlots {
        at
        claimedBy
        claimedAt
      }
    }
    timers(first: 50) {
      nodes {
        dueAt
        stage
        compensates
        run {
          id
          subject
          failures
          lastError
        }
      }
      pageInfo {
        hasNextPage
      }
    }
  }
`);

export const runSchedule = graphql(`
  mutation RunSchedule($name: String!) {
    runSchedule(input: { name: $name }) {
      __typename
      ... on RunSchedulePayload {
        schedule {
          name
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

export const healthNow = graphql(`
  query HealthNow {
    health {
      status
      createdAt
      checks {
        name
        status
        detail
        durationMs
      }
    }
    healthHistory(first: 60) {
      nodes {
        slot
        status
      }
    }
  }
`);

export const healthUpdates = graphql(`
  subscription HealthUpdates {
    health {
      seq
      status
    }
  }
`);

export const history = graphql(`
  query History($name: String!, $at: Int, $first: Int!, $after: String) {
    subject(name: $name) {
      name
      lastSeq
      state(at: $at)
      events(first: $first, after: $after) {
        nodes {
          number
          type
          seq
          stage
          at
          payload
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
      runs {
        id
        state
        startedAt
      }
    }
  }
`);

export const booksToBuy = graphql(`
  query BooksToBuy {
    catalogue(first: 20) {
      nodes {
        id
        title
        isBuyable
        prices {
          currency
          amount
          amountMinor
        }
      }
    }
  }
`);

export const placeTestOrder = graphql(`
  mutation PlaceTestOrder($input: PlaceOrderInput!) {
    placeOrder(input: $input) {
      __typename
      ... on PlaceOrderPayload {
        order {
          id
        }
      }
      ... on Error {
        message
      }
    }
  }
`);

export const orderSteps = graphql(`
  subscription OrderSteps($id: ID!) {
    orderStatus(orderId: $id) {
      seq
      status
      stage
      reason
      at
    }
  }
`);
