/** Signing in, with the code that may have to follow the password. The session is kept before `done` is called. */
import { type ReactNode, useState } from 'react';
import { send } from './ask.ts';
import { Form, Input, passwordOf, valueOf } from './forms.tsx';
import { completeSignIn, signIn } from './operations.ts';
import { keep } from './session.ts';

interface SignInFormProps {
  done: () => void;
  /** The password was right, and a code is wanted: CodeForm takes it. */
  onChallenge: (challenge: string) => void;
  /** Beside the button. */
  extra?: ReactNode;
}

export function SignInForm({ done, onChallenge, extra }: SignInFormProps) {
  return (
    <Form
      label="Sign in"
      submit="Sign in"
      busy="Signing in …"
      extra={extra}
      onSubmit={async (form) => {
        const input = { email: valueOf(form, 'email'), password: passwordOf(form) };
        const answer = await send(signIn, { input }, 'SignInPayload');
        if (answer.done) {
          await keep(answer.done.session.token, answer.done.session.viewer);
          done();
        } else if (answer.result?.__typename === 'TwoFactorRequired') {
          onChallenge(answer.result.challenge);
          return null;
        }
        return answer.refused;
      }}
    >
      <Input label="E-mail" name="email" type="email" autoComplete="username" required />
      <Input label="Password" name="password" type="password" autoComplete="current-password" required />
    </Form>
  );
}

export function CodeForm({ challenge, done }: { challenge: string; done: () => void }) {
  return (
    <>
      <p>Your account asks for a code of your authenticator, or one of your backup codes.</p>
      <Form
        label="Two-factor code"
        submit="Sign in"
        busy="Signing in …"
        onSubmit={async (form) => {
          const input = { challenge, code: valueOf(form, 'code') };
          const answer = await send(completeSignIn, { input }, 'CompleteSignInPayload');
          if (answer.done) {
            await keep(answer.done.session.token, answer.done.session.viewer);
            done();
          }
          return answer.refused;
        }}
      >
        <Input label="Code" name="code" autoComplete="one-time-code" required />
      </Form>
    </>
  );
}

/** One after the other, where nothing else stands beside them. */
export function SignInSteps({ done }: { done: () => void }) {
  const [challenge, setChallenge] = useState<string | null>(null);
  return challenge === null ? (
    <SignInForm done={done} onChallenge={setChallenge} />
  ) : (
    <CodeForm challenge={challenge} done={done} />
  );
}
