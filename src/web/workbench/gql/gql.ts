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
    "\n  query Flows {\n    flowGraph {\n      name\n      startedBy\n      failsWith\n      ends\n      stages {\n        id\n        name\n        on\n        emits\n        pivot\n        compensates\n        callsOut\n        retry\n        timeoutMs\n      }\n    }\n  }\n": typeof types.FlowsDocument,
    "\n  subscription StageFigures {\n    stageFigures {\n      stage\n      waiting\n      inFlight\n      retrying\n      parked\n      perMinute\n      failuresPerMinute\n      p50Ms\n      p99Ms\n      events {\n        type\n        perMinute\n        lastAt\n      }\n    }\n  }\n": typeof types.StageFiguresDocument,
    "\n  query RunList($filter: RunFilter, $after: String) {\n    runs(filter: $filter, first: 50, after: $after) {\n      nodes {\n        id\n        workflow\n        subject\n        state\n        stage\n        failures\n        lastError\n        startedAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.RunListDocument,
    "\n  query RunDetail($id: String!) {\n    run(id: $id) {\n      id\n      workflow\n      subject\n      state\n      stage\n      failures\n      lastError\n      startedAt\n      updatedAt\n      endedAt\n      calls {\n        what\n        idempotencyKey\n        durationMs\n        outcome\n        undoes\n      }\n      waits {\n        count\n        since\n        until\n      }\n      next {\n        stage\n        attempt\n        dueAt\n        compensates\n      }\n      timeline {\n        number\n        type\n        seq\n        stage\n        attempts\n        durationMs\n        traceId\n        at\n        retryAt\n        error\n        deliveries\n        deliveredAt\n        calls {\n          what\n          idempotencyKey\n          durationMs\n          outcome\n          undoes\n        }\n        waits {\n          count\n          since\n          until\n        }\n        payload\n      }\n    }\n  }\n": typeof types.RunDetailDocument,
    "\n  subscription RunUpdates($id: String!) {\n    runUpdates(runId: $id) {\n      seq\n      type\n    }\n  }\n": typeof types.RunUpdatesDocument,
    "\n  mutation DiscloseEvent($number: SafeInt!) {\n    discloseEvent(input: { number: $number }) {\n      __typename\n      ... on DiscloseEventPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": typeof types.DiscloseEventDocument,
    "\n  subscription Streams {\n    streams {\n      name\n      shard\n      length\n      lastStamped\n      lastSent\n      firstKept\n      oldestAt\n      groups {\n        stage\n        pending\n        lag\n        consumers {\n          name\n          pending\n          idleMs\n        }\n      }\n    }\n  }\n": typeof types.StreamsDocument,
    "\n  query Relays {\n    relays {\n      shard\n      leader\n      unsent\n      oldestUnsentAt\n    }\n  }\n": typeof types.RelaysDocument,
    "\n  query DeadLetterList($state: DeadLetterState, $first: Int!, $after: String) {\n    deadLetters(state: $state, first: $first, after: $after) {\n      nodes {\n        id\n        stage\n        reason\n        error\n        attempts\n        payload\n        state\n        isOwed\n        resolvedBy\n        resolvedAt\n        createdAt\n        run {\n          id\n          state\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.DeadLetterListDocument,
    "\n  mutation DecideDeadLetters($ids: [ID!]!, $decision: DeadLetterDecision!) {\n    decideDeadLetters(input: { ids: $ids, decision: $decision }) {\n      __typename\n      ... on DecideDeadLettersPayload {\n        deadLetters {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": typeof types.DecideDeadLettersDocument,
    "\n  mutation ReplayEdited($id: ID!, $payload: String!) {\n    replayDeadLetter(input: { id: $id, payload: $payload }) {\n      __typename\n      ... on ReplayDeadLetterPayload {\n        deadLetter {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": typeof types.ReplayEditedDocument,
    "\n  mutation DiscloseDeadLetter($id: ID!) {\n    discloseDeadLetter(input: { id: $id }) {\n      __typename\n      ... on DiscloseDeadLetterPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": typeof types.DiscloseDeadLetterDocument,
    "\n  query ClockList {\n    schedules {\n      name\n      cron\n      nextAt\n      lastSlots {\n        at\n        claimedBy\n        claimedAt\n      }\n    }\n    timers(first: 50) {\n      nodes {\n        dueAt\n        stage\n        compensates\n        run {\n          id\n          subject\n          failures\n          lastError\n        }\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n": typeof types.ClockListDocument,
    "\n  mutation RunSchedule($name: String!) {\n    runSchedule(input: { name: $name }) {\n      __typename\n      ... on RunSchedulePayload {\n        schedule {\n          name\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": typeof types.RunScheduleDocument,
    "\n  query HealthNow {\n    health {\n      status\n      createdAt\n      checks {\n        name\n        status\n        detail\n        durationMs\n      }\n    }\n    healthHistory(first: 60) {\n      nodes {\n        slot\n        status\n      }\n    }\n  }\n": typeof types.HealthNowDocument,
    "\n  subscription HealthUpdates {\n    health {\n      seq\n      status\n    }\n  }\n": typeof types.HealthUpdatesDocument,
    "\n  query History($name: String!, $at: Int, $first: Int!, $after: String) {\n    subject(name: $name) {\n      name\n      lastSeq\n      state(at: $at)\n      events(first: $first, after: $after) {\n        nodes {\n          number\n          type\n          seq\n          stage\n          at\n          payload\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n      runs {\n        id\n        state\n        startedAt\n      }\n    }\n  }\n": typeof types.HistoryDocument,
    "\n  query BooksToBuy {\n    catalogue(first: 20) {\n      nodes {\n        id\n        title\n        isBuyable\n        prices {\n          currency\n          amount\n          amountMinor\n        }\n      }\n    }\n  }\n": typeof types.BooksToBuyDocument,
    "\n  mutation PlaceTestOrder($input: PlaceOrderInput!) {\n    placeOrder(input: $input) {\n      __typename\n      ... on PlaceOrderPayload {\n        order {\n          id\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": typeof types.PlaceTestOrderDocument,
    "\n  subscription OrderSteps($id: ID!) {\n    orderStatus(orderId: $id) {\n      seq\n      status\n      stage\n      reason\n      at\n    }\n  }\n": typeof types.OrderStepsDocument,
};
const documents: Documents = {
    "\n  query Flows {\n    flowGraph {\n      name\n      startedBy\n      failsWith\n      ends\n      stages {\n        id\n        name\n        on\n        emits\n        pivot\n        compensates\n        callsOut\n        retry\n        timeoutMs\n      }\n    }\n  }\n": types.FlowsDocument,
    "\n  subscription StageFigures {\n    stageFigures {\n      stage\n      waiting\n      inFlight\n      retrying\n      parked\n      perMinute\n      failuresPerMinute\n      p50Ms\n      p99Ms\n      events {\n        type\n        perMinute\n        lastAt\n      }\n    }\n  }\n": types.StageFiguresDocument,
    "\n  query RunList($filter: RunFilter, $after: String) {\n    runs(filter: $filter, first: 50, after: $after) {\n      nodes {\n        id\n        workflow\n        subject\n        state\n        stage\n        failures\n        lastError\n        startedAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.RunListDocument,
    "\n  query RunDetail($id: String!) {\n    run(id: $id) {\n      id\n      workflow\n      subject\n      state\n      stage\n      failures\n      lastError\n      startedAt\n      updatedAt\n      endedAt\n      calls {\n        what\n        idempotencyKey\n        durationMs\n        outcome\n        undoes\n      }\n      waits {\n        count\n        since\n        until\n      }\n      next {\n        stage\n        attempt\n        dueAt\n        compensates\n      }\n      timeline {\n        number\n        type\n        seq\n        stage\n        attempts\n        durationMs\n        traceId\n        at\n        retryAt\n        error\n        deliveries\n        deliveredAt\n        calls {\n          what\n          idempotencyKey\n          durationMs\n          outcome\n          undoes\n        }\n        waits {\n          count\n          since\n          until\n        }\n        payload\n      }\n    }\n  }\n": types.RunDetailDocument,
    "\n  subscription RunUpdates($id: String!) {\n    runUpdates(runId: $id) {\n      seq\n      type\n    }\n  }\n": types.RunUpdatesDocument,
    "\n  mutation DiscloseEvent($number: SafeInt!) {\n    discloseEvent(input: { number: $number }) {\n      __typename\n      ... on DiscloseEventPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": types.DiscloseEventDocument,
    "\n  subscription Streams {\n    streams {\n      name\n      shard\n      length\n      lastStamped\n      lastSent\n      firstKept\n      oldestAt\n      groups {\n        stage\n        pending\n        lag\n        consumers {\n          name\n          pending\n          idleMs\n        }\n      }\n    }\n  }\n": types.StreamsDocument,
    "\n  query Relays {\n    relays {\n      shard\n      leader\n      unsent\n      oldestUnsentAt\n    }\n  }\n": types.RelaysDocument,
    "\n  query DeadLetterList($state: DeadLetterState, $first: Int!, $after: String) {\n    deadLetters(state: $state, first: $first, after: $after) {\n      nodes {\n        id\n        stage\n        reason\n        error\n        attempts\n        payload\n        state\n        isOwed\n        resolvedBy\n        resolvedAt\n        createdAt\n        run {\n          id\n          state\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.DeadLetterListDocument,
    "\n  mutation DecideDeadLetters($ids: [ID!]!, $decision: DeadLetterDecision!) {\n    decideDeadLetters(input: { ids: $ids, decision: $decision }) {\n      __typename\n      ... on DecideDeadLettersPayload {\n        deadLetters {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": types.DecideDeadLettersDocument,
    "\n  mutation ReplayEdited($id: ID!, $payload: String!) {\n    replayDeadLetter(input: { id: $id, payload: $payload }) {\n      __typename\n      ... on ReplayDeadLetterPayload {\n        deadLetter {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": types.ReplayEditedDocument,
    "\n  mutation DiscloseDeadLetter($id: ID!) {\n    discloseDeadLetter(input: { id: $id }) {\n      __typename\n      ... on DiscloseDeadLetterPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": types.DiscloseDeadLetterDocument,
    "\n  query ClockList {\n    schedules {\n      name\n      cron\n      nextAt\n      lastSlots {\n        at\n        claimedBy\n        claimedAt\n      }\n    }\n    timers(first: 50) {\n      nodes {\n        dueAt\n        stage\n        compensates\n        run {\n          id\n          subject\n          failures\n          lastError\n        }\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n": types.ClockListDocument,
    "\n  mutation RunSchedule($name: String!) {\n    runSchedule(input: { name: $name }) {\n      __typename\n      ... on RunSchedulePayload {\n        schedule {\n          name\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": types.RunScheduleDocument,
    "\n  query HealthNow {\n    health {\n      status\n      createdAt\n      checks {\n        name\n        status\n        detail\n        durationMs\n      }\n    }\n    healthHistory(first: 60) {\n      nodes {\n        slot\n        status\n      }\n    }\n  }\n": types.HealthNowDocument,
    "\n  subscription HealthUpdates {\n    health {\n      seq\n      status\n    }\n  }\n": types.HealthUpdatesDocument,
    "\n  query History($name: String!, $at: Int, $first: Int!, $after: String) {\n    subject(name: $name) {\n      name\n      lastSeq\n      state(at: $at)\n      events(first: $first, after: $after) {\n        nodes {\n          number\n          type\n          seq\n          stage\n          at\n          payload\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n      runs {\n        id\n        state\n        startedAt\n      }\n    }\n  }\n": types.HistoryDocument,
    "\n  query BooksToBuy {\n    catalogue(first: 20) {\n      nodes {\n        id\n        title\n        isBuyable\n        prices {\n          currency\n          amount\n          amountMinor\n        }\n      }\n    }\n  }\n": types.BooksToBuyDocument,
    "\n  mutation PlaceTestOrder($input: PlaceOrderInput!) {\n    placeOrder(input: $input) {\n      __typename\n      ... on PlaceOrderPayload {\n        order {\n          id\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n": types.PlaceTestOrderDocument,
    "\n  subscription OrderSteps($id: ID!) {\n    orderStatus(orderId: $id) {\n      seq\n      status\n      stage\n      reason\n      at\n    }\n  }\n": types.OrderStepsDocument,
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
export function graphql(source: "\n  query Flows {\n    flowGraph {\n      name\n      startedBy\n      failsWith\n      ends\n      stages {\n        id\n        name\n        on\n        emits\n        pivot\n        compensates\n        callsOut\n        retry\n        timeoutMs\n      }\n    }\n  }\n"): (typeof documents)["\n  query Flows {\n    flowGraph {\n      name\n      startedBy\n      failsWith\n      ends\n      stages {\n        id\n        name\n        on\n        emits\n        pivot\n        compensates\n        callsOut\n        retry\n        timeoutMs\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription StageFigures {\n    stageFigures {\n      stage\n      waiting\n      inFlight\n      retrying\n      parked\n      perMinute\n      failuresPerMinute\n      p50Ms\n      p99Ms\n      events {\n        type\n        perMinute\n        lastAt\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription StageFigures {\n    stageFigures {\n      stage\n      waiting\n      inFlight\n      retrying\n      parked\n      perMinute\n      failuresPerMinute\n      p50Ms\n      p99Ms\n      events {\n        type\n        perMinute\n        lastAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunList($filter: RunFilter, $after: String) {\n    runs(filter: $filter, first: 50, after: $after) {\n      nodes {\n        id\n        workflow\n        subject\n        state\n        stage\n        failures\n        lastError\n        startedAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query RunList($filter: RunFilter, $after: String) {\n    runs(filter: $filter, first: 50, after: $after) {\n      nodes {\n        id\n        workflow\n        subject\n        state\n        stage\n        failures\n        lastError\n        startedAt\n        updatedAt\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query RunDetail($id: String!) {\n    run(id: $id) {\n      id\n      workflow\n      subject\n      state\n      stage\n      failures\n      lastError\n      startedAt\n      updatedAt\n      endedAt\n      calls {\n        what\n        idempotencyKey\n        durationMs\n        outcome\n        undoes\n      }\n      waits {\n        count\n        since\n        until\n      }\n      next {\n        stage\n        attempt\n        dueAt\n        compensates\n      }\n      timeline {\n        number\n        type\n        seq\n        stage\n        attempts\n        durationMs\n        traceId\n        at\n        retryAt\n        error\n        deliveries\n        deliveredAt\n        calls {\n          what\n          idempotencyKey\n          durationMs\n          outcome\n          undoes\n        }\n        waits {\n          count\n          since\n          until\n        }\n        payload\n      }\n    }\n  }\n"): (typeof documents)["\n  query RunDetail($id: String!) {\n    run(id: $id) {\n      id\n      workflow\n      subject\n      state\n      stage\n      failures\n      lastError\n      startedAt\n      updatedAt\n      endedAt\n      calls {\n        what\n        idempotencyKey\n        durationMs\n        outcome\n        undoes\n      }\n      waits {\n        count\n        since\n        until\n      }\n      next {\n        stage\n        attempt\n        dueAt\n        compensates\n      }\n      timeline {\n        number\n        type\n        seq\n        stage\n        attempts\n        durationMs\n        traceId\n        at\n        retryAt\n        error\n        deliveries\n        deliveredAt\n        calls {\n          what\n          idempotencyKey\n          durationMs\n          outcome\n          undoes\n        }\n        waits {\n          count\n          since\n          until\n        }\n        payload\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription RunUpdates($id: String!) {\n    runUpdates(runId: $id) {\n      seq\n      type\n    }\n  }\n"): (typeof documents)["\n  subscription RunUpdates($id: String!) {\n    runUpdates(runId: $id) {\n      seq\n      type\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DiscloseEvent($number: SafeInt!) {\n    discloseEvent(input: { number: $number }) {\n      __typename\n      ... on DiscloseEventPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation DiscloseEvent($number: SafeInt!) {\n    discloseEvent(input: { number: $number }) {\n      __typename\n      ... on DiscloseEventPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Streams {\n    streams {\n      name\n      shard\n      length\n      lastStamped\n      lastSent\n      firstKept\n      oldestAt\n      groups {\n        stage\n        pending\n        lag\n        consumers {\n          name\n          pending\n          idleMs\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription Streams {\n    streams {\n      name\n      shard\n      length\n      lastStamped\n      lastSent\n      firstKept\n      oldestAt\n      groups {\n        stage\n        pending\n        lag\n        consumers {\n          name\n          pending\n          idleMs\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Relays {\n    relays {\n      shard\n      leader\n      unsent\n      oldestUnsentAt\n    }\n  }\n"): (typeof documents)["\n  query Relays {\n    relays {\n      shard\n      leader\n      unsent\n      oldestUnsentAt\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query DeadLetterList($state: DeadLetterState, $first: Int!, $after: String) {\n    deadLetters(state: $state, first: $first, after: $after) {\n      nodes {\n        id\n        stage\n        reason\n        error\n        attempts\n        payload\n        state\n        isOwed\n        resolvedBy\n        resolvedAt\n        createdAt\n        run {\n          id\n          state\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query DeadLetterList($state: DeadLetterState, $first: Int!, $after: String) {\n    deadLetters(state: $state, first: $first, after: $after) {\n      nodes {\n        id\n        stage\n        reason\n        error\n        attempts\n        payload\n        state\n        isOwed\n        resolvedBy\n        resolvedAt\n        createdAt\n        run {\n          id\n          state\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DecideDeadLetters($ids: [ID!]!, $decision: DeadLetterDecision!) {\n    decideDeadLetters(input: { ids: $ids, decision: $decision }) {\n      __typename\n      ... on DecideDeadLettersPayload {\n        deadLetters {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation DecideDeadLetters($ids: [ID!]!, $decision: DeadLetterDecision!) {\n    decideDeadLetters(input: { ids: $ids, decision: $decision }) {\n      __typename\n      ... on DecideDeadLettersPayload {\n        deadLetters {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation ReplayEdited($id: ID!, $payload: String!) {\n    replayDeadLetter(input: { id: $id, payload: $payload }) {\n      __typename\n      ... on ReplayDeadLetterPayload {\n        deadLetter {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation ReplayEdited($id: ID!, $payload: String!) {\n    replayDeadLetter(input: { id: $id, payload: $payload }) {\n      __typename\n      ... on ReplayDeadLetterPayload {\n        deadLetter {\n          id\n          state\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation DiscloseDeadLetter($id: ID!) {\n    discloseDeadLetter(input: { id: $id }) {\n      __typename\n      ... on DiscloseDeadLetterPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation DiscloseDeadLetter($id: ID!) {\n    discloseDeadLetter(input: { id: $id }) {\n      __typename\n      ... on DiscloseDeadLetterPayload {\n        payload\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query ClockList {\n    schedules {\n      name\n      cron\n      nextAt\n      lastSlots {\n        at\n        claimedBy\n        claimedAt\n      }\n    }\n    timers(first: 50) {\n      nodes {\n        dueAt\n        stage\n        compensates\n        run {\n          id\n          subject\n          failures\n          lastError\n        }\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n"): (typeof documents)["\n  query ClockList {\n    schedules {\n      name\n      cron\n      nextAt\n      lastSlots {\n        at\n        claimedBy\n        claimedAt\n      }\n    }\n    timers(first: 50) {\n      nodes {\n        dueAt\n        stage\n        compensates\n        run {\n          id\n          subject\n          failures\n          lastError\n        }\n      }\n      pageInfo {\n        hasNextPage\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation RunSchedule($name: String!) {\n    runSchedule(input: { name: $name }) {\n      __typename\n      ... on RunSchedulePayload {\n        schedule {\n          name\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation RunSchedule($name: String!) {\n    runSchedule(input: { name: $name }) {\n      __typename\n      ... on RunSchedulePayload {\n        schedule {\n          name\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query HealthNow {\n    health {\n      status\n      createdAt\n      checks {\n        name\n        status\n        detail\n        durationMs\n      }\n    }\n    healthHistory(first: 60) {\n      nodes {\n        slot\n        status\n      }\n    }\n  }\n"): (typeof documents)["\n  query HealthNow {\n    health {\n      status\n      createdAt\n      checks {\n        name\n        status\n        detail\n        durationMs\n      }\n    }\n    healthHistory(first: 60) {\n      nodes {\n        slot\n        status\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription HealthUpdates {\n    health {\n      seq\n      status\n    }\n  }\n"): (typeof documents)["\n  subscription HealthUpdates {\n    health {\n      seq\n      status\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query History($name: String!, $at: Int, $first: Int!, $after: String) {\n    subject(name: $name) {\n      name\n      lastSeq\n      state(at: $at)\n      events(first: $first, after: $after) {\n        nodes {\n          number\n          type\n          seq\n          stage\n          at\n          payload\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n      runs {\n        id\n        state\n        startedAt\n      }\n    }\n  }\n"): (typeof documents)["\n  query History($name: String!, $at: Int, $first: Int!, $after: String) {\n    subject(name: $name) {\n      name\n      lastSeq\n      state(at: $at)\n      events(first: $first, after: $after) {\n        nodes {\n          number\n          type\n          seq\n          stage\n          at\n          payload\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n      runs {\n        id\n        state\n        startedAt\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query BooksToBuy {\n    catalogue(first: 20) {\n      nodes {\n        id\n        title\n        isBuyable\n        prices {\n          currency\n          amount\n          amountMinor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query BooksToBuy {\n    catalogue(first: 20) {\n      nodes {\n        id\n        title\n        isBuyable\n        prices {\n          currency\n          amount\n          amountMinor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation PlaceTestOrder($input: PlaceOrderInput!) {\n    placeOrder(input: $input) {\n      __typename\n      ... on PlaceOrderPayload {\n        order {\n          id\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation PlaceTestOrder($input: PlaceOrderInput!) {\n    placeOrder(input: $input) {\n      __typename\n      ... on PlaceOrderPayload {\n        order {\n          id\n        }\n      }\n      ... on Error {\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription OrderSteps($id: ID!) {\n    orderStatus(orderId: $id) {\n      seq\n      status\n      stage\n      reason\n      at\n    }\n  }\n"): (typeof documents)["\n  subscription OrderSteps($id: ID!) {\n    orderStatus(orderId: $id) {\n      seq\n      status\n      stage\n      reason\n      at\n    }\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;