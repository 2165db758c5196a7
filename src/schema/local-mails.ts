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
    description: `The newest ${LIST_MAX} mails that were kept here: yours (none with NODE_ENV=production, where an e-mail may be another’s), or all for admins. Null where mail is really sent.`,
    authScopes: { signedIn: 'NO_KEY' },
    complexity: { multiplier: LIST_MAX },
    resolve: async (_root, _args, context) => {
      if (!context.localMails) return null;
      const viewer = signedIn(context);
      const mails = await context.localMails.list();
      const { areForReaders } = context.localMails;
      const isOwn = (mail: LocalMail) => areForReaders && mail.to.toLowerCase() === viewer.email;
      const visible = viewer.role === 'ADMIN' ? mails : mails.filter(isOwn);
      return visible.slice(0, LIST_MAX);
    },
  }),
);
