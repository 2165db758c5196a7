/** Contributors: who made a book, and as what. */
import { contributorNameSchema, roleName, roleSchema } from '../books/contributor-role.ts';
import { builder } from './builder.ts';

export const Contributor = builder.objectRef<{ name: string; role: string }>('Contributor').implement({
  carried: true,
  description: 'Somebody who made a book.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As on the title page.' }),
    role: t.exposeString('role', { description: 'MARC relator code, such as `aut` or `trl`.' }),
    roleName: t.string({ description: 'The role in English: `Translator`.', resolve: ({ role }) => roleName(role) }),
  }),
});

export const ContributorInput = builder.inputType('ContributorInput', {
  description: 'Somebody who made a book.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'As on the title page.' }).validate(contributorNameSchema),
    role: t
      .string({
        required: true,
        defaultValue: 'aut',
        description:
          'MARC relator code: `aut` author, `ill` illustrator, `trl` translator, `edt` editor, `nrt` narrator …',
      })
      .validate(roleSchema),
  }),
});
