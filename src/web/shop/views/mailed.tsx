/** Where the links of mails lead: to confirm an e-mail, set a password, finish a sign-up; and to the second step of a sign-in. */
import { useEffect, useState } from 'react';
import { keep, useSession } from '../../shared/session.ts';
import { CodeForm } from '../../shared/sign-in.tsx';
import { send, wordsIn } from '../../shared/ask.ts';
import { Form, Input, passwordOf } from '../../shared/forms.tsx';
import { completeSignUp, resetPassword, verifyEmail } from '../operations/accounts.ts';
import { Notice, View } from '../parts.tsx';
import type { Task } from '../task.ts';

export default function MailedView({ task: { kind, code }, done }: { task: Task; done: () => void }) {
  if (kind === 'verify-email') return <Verify code={code} />;
  if (kind === 'reset-password') return <Reset code={code} done={done} />;
  if (kind === 'sign-up') return <FinishSignUp code={code} done={done} />;
  return (
    <View title="Sign in" heading="One more step">
      <div className="panel notice-page">
        <CodeForm challenge={code} done={done} />
      </div>
    </View>
  );
}

function Verify({ code }: { code: string }) {
  const current = useSession();
  const [words, setWords] = useState('One moment …');
  useEffect(() => {
    if (!current) return;
    void send(verifyEmail, { input: { code } }, 'VerifyEmailPayload').then(({ refused }) =>
      setWords(refused ? wordsIn(refused) : 'Your e-mail is confirmed.'),
    );
  }, [code, current]);
  if (!current) {
    return (
      <Notice title="Sign in first" words="Sign in with the account that the mail was for, then open its link again.">
        <a href="/app/account">Sign in</a>
      </Notice>
    );
  }
  return (
    <Notice title="Your e-mail" words={words}>
      <a href="/app/account">To your account</a>
    </Notice>
  );
}

function Reset({ code, done }: { code: string; done: () => void }) {
  const [isSet, setIsSet] = useState(false);
  if (isSet) {
    return (
      <Notice title="A new password" words="It is set, and every sign-in there was has ended.">
        <a href="/app/account" onClick={done}>
          Sign in
        </a>
      </Notice>
    );
  }
  return (
    <View title="A new password" className="notice-page">
      <Form
        label="A new password"
        submit="Set the password"
        busy="One moment …"
        onSubmit={async (form) => {
          const input = { code, newPassword: passwordOf(form, 'newPassword') };
          const { refused } = await send(resetPassword, { input }, 'ResetPasswordPayload');
          setIsSet(refused === null);
          return refused;
        }}
      >
        <Input
          label="Password"
          name="newPassword"
          type="password"
          hint="At least 12 characters."
          autoComplete="new-password"
          required
        />
      </Form>
    </View>
  );
}

function FinishSignUp({ code, done }: { code: string; done: () => void }) {
  return (
    <View title="Finish signing up" className="notice-page">
      <p>Your e-mail is confirmed with the password that you have just chosen.</p>
      <Form
        label="Finish signing up"
        submit="Make the account"
        busy="One moment …"
        onSubmit={async (form) => {
          const answer = await send(
            completeSignUp,
            { input: { code, password: passwordOf(form) } },
            'CompleteSignUpPayload',
          );
          if (answer.done) {
            await keep(answer.done.session.token, answer.done.session.viewer);
            done();
          }
          return answer.refused;
        }}
      >
        <Input label="Password" name="password" type="password" autoComplete="current-password" required />
      </Form>
    </View>
  );
}
