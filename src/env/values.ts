/** Kinds of values that variables hold, each with what to say when one is none. */
import { validate as isCron } from 'node-cron';
import { z } from 'zod';

export const text = z.string();

export function whole(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return text
    .refine((value) => /^\d{1,15}$/.test(value) && Number(value) >= min && Number(value) <= max, message)
    .transform(Number);
}

export function url(...schemes: string[]) {
  const wanted = schemes.map((scheme) => `${scheme}://…`).join(' or ');
  return text.refine(
    (value) =>
      URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)) && new URL(value).host !== '',
    `must be a URL of the form ${wanted}`,
  );
}

export const origins = text.transform((value, context) => {
  const list = value.split(',').map((one) => one.trim());
  const kept = list.filter((one) => one !== '');
  for (const one of kept) {
    if (!/^https?:\/\//.test(one) || !URL.canParse(one) || new URL(one).origin !== one) {
      context.addIssue({
        code: 'custom',
        message: `must list origins like https://shop.example.org, no path; "${one}" is none`,
      });
    }
  }
  return kept;
});

export const cron = text.refine((value) => isCron(value), 'must be a cron expression such as * * * * *');

/** `EUR:2000,USD:2000`: minor units by currency. */
export const amounts = text
  .regex(/^[A-Z]{3}:\d{1,9}(,[A-Z]{3}:\d{1,9})*$/, 'must list minor units by currency, such as EUR:2000,USD:2000')
  .transform(
    (value) =>
      new Map(
        value.split(',').map((one): [string, number] => {
          const [currency = '', minor = ''] = one.split(':');
          return [currency, Number(minor)];
        }),
      ),
  );
