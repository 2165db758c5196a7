/** Price windows: what an author sets for a campaign. */
import { z } from 'zod';
import { PRICE_WINDOWS_MAX, setPriceWindows } from '../db/price-windows.ts';
import { builder } from './builder.ts';
import { signedIn } from './context.ts';
import { editionErrors, retell } from './domain-errors.ts';
import { editionOutput } from './draft.ts';
import { idOf } from './ids.ts';
import { MoneyInput } from './money.ts';

const NAME_CHARS_MAX = 100;

const PriceWindowInput = builder.inputType('PriceWindowInput', {
  description: 'Another price for a while.',
  fields: (t) => ({
    price: t.field({ type: MoneyInput, required: true, description: 'The price while it holds.' }),
    validFrom: t.field({ type: 'DateTime', required: true, description: 'It holds from then …' }),
    validUntil: t.field({ type: 'DateTime', required: true, description: '… until just before then.' }),
    name: t.string({
      description: 'What the campaign is called.',
      validate: z.string().trim().min(1).max(NAME_CHARS_MAX).nullish(),
    }),
  }),
});

const windowsSchema = z
  .array(z.looseObject({ validFrom: z.date(), validUntil: z.date() }))
  .max(PRICE_WINDOWS_MAX, `An edition has ${PRICE_WINDOWS_MAX} price windows at most.`)
  .superRefine((windows, context) => {
    for (const [at, { validFrom, validUntil }] of windows.entries()) {
      if (validFrom < validUntil) continue;
      context.addIssue({ code: 'custom', path: [at, 'validUntil'], message: 'It must be later than validFrom.' });
    }
  });

builder.relayMutationField(
  'setPriceWindows',
  {
    inputFields: (t) => ({
      editionId: t.id({ required: true, description: 'The edition.' }).validate(idOf('Edition')),
      windows: t.field({
        type: [PriceWindowInput],
        required: true,
        description: 'All of them; replaces those before. Two in one currency cannot overlap.',
        validate: windowsSchema,
      }),
    }),
  },
  {
    description:
      'Sets other prices for a while; outside the windows the edition’s prices hold. Quotes and orders keep what they have. For its author.',
    authScopes: { signedIn: 'publish:write' },
    errors: { types: editionErrors },
    resolve: (_root, { input: { editionId, windows } }, context) => {
      const list = windows.map(({ price, validFrom, validUntil, name }) => ({
        ...price,
        validFrom,
        validUntil,
        name: name ?? null,
      }));
      const request = { editionId, ownerId: signedIn(context).id, now: context.clock.now(), windows: list };
      return context.commit((tx) => setPriceWindows(tx, request)).catch(retell);
    },
  },
  editionOutput('The edition.'),
);
