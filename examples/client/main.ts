/**
 * A typed client: signs in, lists the catalogue, buys the first book that can be bought, and follows the order.
 *
 *     node examples/client/main.ts EMAIL PASSWORD [URL]
 *
 * The account is made when there is none. URL is the API's (Default: http://localhost:4000/graphql). Pays with a test
 * token of the sandbox, so no money moves.
 */
import { randomUUID } from 'node:crypto';
import { connect, type BookyHub } from './client.ts';
import { graphql } from './gql/index.ts';

const SignIn = graphql(`
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
`);

const SignUp = graphql(`
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
`);

const Catalogue = graphql(`
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
`);

const PlaceOrder = graphql(`
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
`);

const OrderStatus = graphql(`
  subscription ExampleOrderStatus($orderId: ID!) {
    orderStatus(orderId: $orderId) {
      seq
      at
      status
      reason
      retryAt
    }
  }
`);

const ENDS: ReadonlySet<string> = new Set(['COMPLETED', 'DECLINED', 'CANCELLED', 'EXPIRED']);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main([email, password, url = 'http://localhost:4000/graphql']: string[]): Promise<void> {
  if (email === undefined || password === undefined) throw new Error('Say who you are: main.ts EMAIL PASSWORD [URL]');
  const reader = connect(url, await signIn(connect(url), email, password));

  const { catalogue } = await reader.ask(Catalogue, { first: 10 });
  for (const { title, contributors, price } of catalogue.nodes) {
    const cost = price ? `${price.amount} ${price.currency}` : 'not sold yet';
    say(`${title} · ${contributors.map(({ name }) => name).join(', ')} · ${cost}`);
  }
  const book = catalogue.nodes.find(({ isBuyable }) => isBuyable);
  if (!book?.price) return say('There is nothing to buy yet.');

  const { placeOrder } = await reader.ask(PlaceOrder, {
    input: {
      editionId: book.id,
      currency: book.price.currency,
      expectedPrice: { amountMinor: book.price.amountMinor, currency: book.price.currency },
      paymentToken: 'tok_succeeds',
      // The same key buys once, however often it is sent: keep it until you have an answer.
      idempotencyKey: randomUUID(),
    },
  });
  if (!('order' in placeOrder)) throw new Error(`${placeOrder.code}: ${placeOrder.message}`);

  say(`\nBuying ${book.title}`);
  for await (const { orderStatus } of reader.follow(OrderStatus, { orderId: placeOrder.order.id })) {
    const { seq, at, status, reason } = orderStatus;
    say([String(seq).padStart(3), at, status, reason ?? ''].join('  '));
    if (ENDS.has(status)) return;
  }
}

async function signIn(hub: BookyHub, email: string, password: string): Promise<string> {
  const { signIn } = await hub.ask(SignIn, { input: { email, password } });
  if (signIn.__typename === 'SignInPayload') return signIn.session.token;
  if (signIn.__typename !== 'InvalidCredentialsError') throw new Error(`${signIn.code}: ${signIn.message}`);
  const { signUp } = await hub.ask(SignUp, { input: { name: email.split('@')[0] ?? email, email, password } });
  if (signUp.__typename === 'SignUpPayload') return signUp.session.token;
  // An account is there already, so it was the password.
  throw new Error(signUp.__typename === 'ConflictError' ? signIn.message : `${signUp.code}: ${signUp.message}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
