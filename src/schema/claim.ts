/** `Mutation.claimOrder`: a gift, or what was bought as a guest, becomes one's own. */
import { eq } from 'drizzle-orm';
import { claimOrder, isOrderToken } from '../db/claims.ts';
import { AlreadyOwned, PurchaseInProgress } from '../db/errors.ts';
import { users } from '../db/tables/index.ts';
import { orderClaimed } from '../events/index.ts';
import { append } from './append.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { retell } from './domain-errors.ts';
import { InvalidStateError, NotFoundError } from './errors.ts';
import { orderTokenSchema } from './guest-order.ts';
import { idOf } from './ids.ts';
import { Entitlement } from './library.ts';

builder.relayMutationField(
  'claimOrder',
  {
    inputFields: (t) => ({
      orderId: t.id({ required: true, description: 'The order, as the mail says it.' }).validate(idOf('Order')),
      token: t
        .string({ description: 'As the mail says it. Not needed with an account whose verified e-mail it is for.' })
        .validate(orderTokenSchema.nullish()),
    }),
  },
  {
    description: 'Takes a gift, or what you bought as a guest, into your library. Once only.',
    authScopes: { signedIn: 'orders:write' },
    errors: { types: [NotFoundError, InvalidStateError, AlreadyOwned, PurchaseInProgress] },
    resolve: (_root, { input: { orderId, token } }, context) => {
      const viewer = signedIn(context);
      const { clock, signing } = context;
      const now = clock.now();
      const hasToken = token ? isOrderToken(signing.secrets, 'CLAIM', orderId, token) : false;
      return context
        .commit(async (tx) => {
          const [user] = await tx
            .select({ isVerified: users.emailVerified })
            .from(users)
            .where(eq(users.id, viewer.id));
          const verifiedEmail = user?.isVerified === true ? viewer.email : null;
          const claimed = await claimOrder(tx, orderId, { id: viewer.id, verifiedEmail, hasToken }, now);
          await append(context, tx, [orderClaimed.of({ orderId, status: 'COMPLETED' })], now);
          return claimed;
        })
        .catch(retell);
    },
  },
  {
    outputFields: (t) => ({
      entitlements: t.field({
        type: [Entitlement],
        description: 'What is in your library now.',
        resolve: async ({ orderId }, _args, context) => {
          const readerId = signedIn(context).id;
          return context.db.query.entitlements.findMany({ where: { orderId, readerId }, limit: 100 });
        },
      }),
    }),
  },
);
