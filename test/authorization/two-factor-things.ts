/** Codes and challenges of people whose two-factor codes are begun, or on. */
import { TOTP } from 'otpauth';
import { TwoFactorRequired } from '../../src/accounts/errors.ts';
import { PASSWORD, type People, type Person } from './people.ts';

export function twoFactorThings(people: People) {
  const { auth } = people;
  /** Somebody new stands in for nobody. */
  const somebody = async (person: Person | null): Promise<Person> => {
    const one = person ?? (await people.anew('other buyer'));
    if (one === null) throw new TypeError('nobody was made');
    return one;
  };

  const begin = async (person: Person) => {
    const { secret, backupCodes } = await auth.beginTwoFactor({ userId: person.id, password: PASSWORD });
    return { code: new TOTP({ secret }).generate(), backupCode: backupCodes[0] };
  };

  /** The keys of one person ask for it one after the other; refused ones leave the code good. */
  const kept = new Map<string, string | undefined>();
  const switchOn = async (person: Person) => {
    if (kept.has(person.id)) return { code: kept.get(person.id) };
    const { code, backupCode } = await begin(person);
    await auth.confirmTwoFactor({ userId: person.id, token: person.token, code });
    kept.set(person.id, backupCode);
    return { code: backupCode };
  };

  return {
    begun: async (person: Person | null) => ({ code: (await begin(await somebody(person))).code }),
    on: async (person: Person | null) => switchOn(await somebody(person)),
    challenged: async () => {
      const person = await somebody(null);
      const { code } = await switchOn(person);
      const signedIn = auth.signIn({ email: person.email, password: PASSWORD, address: person.id });
      const answer = await signedIn.catch((error: unknown) => error);
      if (!(answer instanceof TwoFactorRequired)) throw new TypeError('no code was asked for');
      return { challenge: answer.challenge, code };
    },
  };
}
