/** `Query.localMails`: where mail is kept instead of sent, so that somebody can read it. */
import { builder } from './builder.ts';
import { type LocalMail, signedIn } from './context.ts';

const LIST_MAX = 100;

const LocalMailRef = builder.objectRef<LocalMail>('LocalMail').implement({
  carried: true,
  description: 'A mail that was kept here instead of being sent.',
  fields: (t) => ({
    to: t.exposeString('to', { description: 'To whom.' }),
    subject: t.exposeString('subject', { description: 'Its subject.' }),
    text: t.exposeString('text', { description: 'Its text.' }),
    at: t.expose('at', { type: 'DateTime', description: 'When it was written.' }),
  }),
});

builder.queryField('localMails', (t) =>
  t.field({
    type: [LocalMailRef],
    nullable: true,
    description: `The newest ${LIST_MAX} mails that were kept here: yours, or all for admins. Null where mail is really sent.`,
    authScopes: { signedIn: 'NO_KEY' },
    complexity: { multiplier: LIST_MAX },
    resolve: async (_root, _args, context) => {
      if (!context.localMails) return null;
      const viewer = signedIn(context);
      const mails = await context.localMails();
      const visible = mails.filter((mail) => viewer.role === 'ADMIN' || mail.to.toLowerCase() === viewer.email);
      return visible.slice(0, LIST_MAX);
    },
  }),
);
