/**
 * Workflow `account-mail`: a code that proves an e-mail, mailed to who asked for it.
 *
 * Promise: only here is it looked up whether there is such an account, so that whoever asks cannot tell by answer or
 * time. The code is made with the mail and stands in no event; a repeated attempt mails a new one, which ends the old.
 */
import { makeMailedCode } from '../../db/mailed-codes.ts';
import { makeSignUpCode } from '../../db/sign-ups.ts';
import { accountMailAsked, accountMailDropped, noticeSent } from '../../events/index.ts';
import { advance } from '../../streams/index.ts';
import { stage, workflow } from '../services.ts';
import { MAIL_TIMEOUT_MS, mailRetry, sendNotice } from './send-notice.ts';
import { accountMailText, emailTakenText } from './texts.ts';

export const accountMail = workflow('account-mail', {
  startedBy: 'Mutation.signUp, Mutation.requestPasswordReset, Mutation.requestEmailVerification',
  stages: [
    stage('send', {
      on: accountMailAsked,
      emits: [noticeSent, accountMailDropped],
      retry: mailRetry,
      timeoutMs: MAIL_TIMEOUT_MS,
      run: async ({ payload: { askId, purpose, email }, attempt }, context) => {
        const { db, publicUrl } = context.services;
        const now = context.clock.now();
        // The mail's key is the code's own: a mail that was kept under the last one would hold a code that has ended.
        const key = `account-mail:${askId}:${attempt}`;
        if (purpose === 'SIGN_UP') {
          const made = await makeSignUpCode(db, { askId, email, now });
          if (!made) return advance(accountMailDropped.of({ askId, purpose }));
          const to = { id: 'ownerId' in made ? made.ownerId : null, email };
          const mail = 'code' in made ? accountMailText(purpose, made.code, publicUrl) : emailTakenText(publicUrl);
          return sendNotice(context, { key, kind: purpose, to }, mail);
        }
        const made = await makeMailedCode(db, { purpose, email, now });
        if (!made) return advance(accountMailDropped.of({ askId, purpose }));
        const to = { id: made.userId, email };
        return sendNotice(context, { key, kind: purpose, to }, accountMailText(purpose, made.code, publicUrl));
      },
    }),
  ],
});
