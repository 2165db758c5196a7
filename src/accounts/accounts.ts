/**
 * Accounts: sign-up, sign-in, sign-out, and who a token belongs to.
 *
 * Promise: passwords are hashed by better-auth (scrypt); a token is good until it expires or is signed out, and is
 * looked up on every request (one SQL), so that sign-out holds at once; a wrong e-mail and a wrong password get the same
 * answer in the same time. Sign-up at once cannot hide that an address is taken: attempts are counted per network address,
 * so that nobody can list them. Sign-up by mail (sign-ups.ts) tells nothing of it.
 * Not here: where a token is kept (../server/session-cookie.ts), who vouches for whom (../ports/identity).
 */
import { randomBytes } from 'node:crypto';
import { and, eq, gt, sql } from 'drizzle-orm';
import type { Tx } from '../db/client.ts';
import { newId } from '../db/tables/columns.ts';
import { sessions, users } from '../db/tables/index.ts';
import { type Attempts, type AttemptLimit, memoryAttempts } from './attempts.ts';
import { type BetterAuthOptions, isApiError, openBetterAuth, SESSION_MS } from './better-auth.ts';
import {
  BadCode,
  EmailTaken,
  TooManyAttempts,
  TwoFactorNotBegun,
  TwoFactorRequired,
  WrongCredentials,
  WrongTwoFactorCode,
} from './errors.ts';
import { userOfIdentity, type VouchedIdentity } from './identities.ts';
import { type KeyScope } from './key-scopes.ts';
import { isApiKey, viewersOfKeys } from './api-keys.ts';
import { type Acting, lostOf } from './lost.ts';
import { Lookups } from './lookups.ts';
import { makeFirstAdmin } from './first-admin.ts';
import { changePassword, checkPassword, resetPassword } from './passwords.ts';
import { makeChallenge, ownerOfChallenge, useChallenge } from './sign-in-challenges.ts';
import { makeSignedUp, type NewAccount, waitingSignUp } from './sign-ups.ts';
import {
  beginTwoFactor,
  confirmTwoFactor,
  hasTwoFactor,
  removeTwoFactor,
  type TwoFactorKit,
  useTwoFactorCode,
} from './two-factor.ts';
import { useMailedCode } from '../db/mailed-codes.ts';
import type { WaitingSignUp } from '../db/sign-ups.ts';

/** How long somebody may be away at a provider. */
export const BEGUN_SIGN_IN_MS = 10 * 60_000;
const TOKEN_CHARS_MAX = 200;
const TOKEN_BYTES = 32;

/** Wrong or right, an e-mail may be tried this often from one address, and from all; any e-mails from one address. */
const SIGN_IN_LIMIT: AttemptLimit = { max: 10, windowMs: 15 * 60_000 };
const SIGN_IN_LIMIT_PER_EMAIL: AttemptLimit = { max: 100, windowMs: 60 * 60_000 };
const SIGN_IN_LIMIT_PER_ADDRESS: AttemptLimit = { max: 100, windowMs: 15 * 60_000 };
const BEGUN_SIGN_IN_LIMIT: AttemptLimit = { max: 1, windowMs: BEGUN_SIGN_IN_MS };
const SIGN_UP_LIMIT_PER_ADDRESS: AttemptLimit = { max: 60, windowMs: 60 * 60_000 };
/** Mails to one e-mail, whoever asks for them, and from one address; codes and present passwords that are tried. */
const MAIL_LIMIT: AttemptLimit = { max: 5, windowMs: 60 * 60_000 };
const MAIL_LIMIT_PER_ADDRESS: AttemptLimit = { max: 30, windowMs: 60 * 60_000 };
const CODE_LIMIT_PER_ADDRESS: AttemptLimit = { max: 30, windowMs: 15 * 60_000 };
const CHANGE_LIMIT: AttemptLimit = { max: 10, windowMs: 15 * 60_000 };
/** Two-factor codes that are tried, good or not: whoever has the password must not guess six digits. */
const TWO_FACTOR_LIMIT: AttemptLimit = { max: 10, windowMs: 60 * 60_000 };

export interface Viewer {
  id: string;
  email: string;
  name: string;
  role: 'READER' | 'AUTHOR' | 'ADMIN';
  /** What an API key may do for its owner; null for a session, which may do all that its owner may. */
  scopes: readonly KeyScope[] | null;
}

export interface SignedIn {
  token: string;
  expiresAt: Date;
  viewer: Viewer;
}

export interface AccountsOptions extends BetterAuthOptions {
  /** (Default: counted in this process) */
  attempts?: Attempts;
}

export type Accounts = ReturnType<typeof createAccounts>;

export function createAccounts(options: AccountsOptions) {
  const { db, now } = options;
  const attempts = options.attempts ?? memoryAttempts({ now });
  const auth = openBetterAuth(options);
  const secrets: [string, ...string[]] = [
    options.secret,
    ...(options.previousSecret === undefined ? [] : [options.previousSecret]),
  ];

  const viewerSql = (token: string) =>
    db
      .select({ id: users.id, email: users.email, name: users.name, role: users.role, expiresAt: sessions.expiresAt })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(and(eq(sessions.token, token), gt(sessions.expiresAt, now())))
      .limit(1);

  async function signedInBy(token: string | null): Promise<SignedIn> {
    const [row] = token === null ? [] : await viewerSql(token);
    if (!row || token === null) throw new WrongCredentials();
    const { expiresAt, ...viewer } = row;
    return { token, expiresAt, viewer: { ...viewer, scopes: null } };
  }

  /**
   * The text is the same however many there are, so that connections keep it. Each is a look into the index, however the
   * tables were when it was planned: as a plain join it read all sessions until they were analyzed.
   */
  async function viewersOfSessions(tokens: readonly string[]): Promise<ReadonlyMap<string, Viewer>> {
    const viewer = db
      .select({ id: users.id, email: users.email, name: users.name, role: users.role })
      .from(sessions)
      .innerJoin(users, eq(users.id, sessions.userId))
      .where(and(sql`${sessions.token} = asked.token`, gt(sessions.expiresAt, now())))
      .limit(1)
      .as('viewer');
    const rows = await db
      .select({
        token: sql<string>`asked.token`,
        id: viewer.id,
        email: viewer.email,
        name: viewer.name,
        role: viewer.role,
      })
      .from(sql`jsonb_array_elements_text(${JSON.stringify(tokens)}::text::jsonb) as asked(token)`)
      .crossJoinLateral(viewer);
    return new Map(rows.map(({ token, ...found }) => [token, { ...found, scopes: null }]));
  }

  /** Sessions and API keys alike; one statement for each kind that is there. */
  async function viewersOf(credentials: readonly string[]): Promise<ReadonlyMap<string, Viewer>> {
    const keys = credentials.filter((credential) => isApiKey(credential));
    if (keys.length === 0) return viewersOfSessions(credentials);
    const tokens = credentials.filter((credential) => !isApiKey(credential));
    const [byKey, bySession] = await Promise.all([
      viewersOfKeys(db, keys, now()),
      tokens.length > 0 ? viewersOfSessions(tokens) : new Map<string, Viewer>(),
    ]);
    return new Map([...byKey, ...bySession]);
  }
  const lookups = new Lookups(viewersOf);

  async function spend(key: string, limit: AttemptLimit): Promise<void> {
    const retryAfterMs = await attempts.take(key, limit);
    if (retryAfterMs > 0) throw new TooManyAttempts(retryAfterMs);
  }

  /** Called before a mail with a code is asked for. @throws TooManyAttempts */
  async function spendMail({ email, address }: { email: string; address: string }): Promise<void> {
    await spend(`mail:${address}`, MAIL_LIMIT_PER_ADDRESS);
    await spend(`mail-to:${email.toLowerCase()}`, MAIL_LIMIT);
  }

  async function openSession(tx: Tx, userId: string, token: string): Promise<void> {
    const createdAt = now();
    const expiresAt = new Date(createdAt.getTime() + SESSION_MS);
    await tx.insert(sessions).values({ id: newId(), userId, token, expiresAt, createdAt, updatedAt: createdAt });
  }

  return {
    /** @throws EmailTaken, TooManyAttempts */
    async signUp({ address, ...body }: NewAccount & { address: string }): Promise<SignedIn> {
      await spend(`sign-up:${address}`, SIGN_UP_LIMIT_PER_ADDRESS);
      const result = await auth.api.signUpEmail({ body }).catch((error: unknown) => {
        if (isApiError(error, 'USER_ALREADY_EXISTS')) throw new EmailTaken();
        throw error;
      });
      return signedInBy(result.token);
    },

    /** As it is kept until its e-mail is proven. @throws TooManyAttempts */
    async beginSignUp({ address, ...input }: NewAccount & { address: string }): Promise<WaitingSignUp> {
      await spend(`sign-up:${address}`, SIGN_UP_LIMIT_PER_ADDRESS);
      await spendMail({ email: input.email, address });
      return waitingSignUp(input);
    },

    /** @throws BadCode, WrongCredentials, TooManyAttempts */
    async completeSignUp(input: { code: string; password: string; address: string }): Promise<SignedIn> {
      const { address, code, password } = input;
      await spend(`code:${address}`, CODE_LIMIT_PER_ADDRESS);
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      await makeSignedUp(db, { code, password, now: now() }, (tx, userId) => openSession(tx, userId, token));
      return signedInBy(token);
    },

    /** @throws WrongCredentials, TooManyAttempts; TwoFactorRequired when a code has to follow the password */
    async signIn(input: { email: string; password: string; address: string }): Promise<SignedIn> {
      const { address, email, password } = input;
      await spend(`sign-in:${address}`, SIGN_IN_LIMIT_PER_ADDRESS);
      await spend(`sign-in:${email.toLowerCase()}:${address}`, SIGN_IN_LIMIT);
      await spend(`sign-in-to:${email.toLowerCase()}`, SIGN_IN_LIMIT_PER_EMAIL);
      const result = await auth.api.signInEmail({ body: { email, password } }).catch((error: unknown) => {
        if (isApiError(error, 'INVALID_EMAIL_OR_PASSWORD')) throw new WrongCredentials();
        throw error;
      });
      // Asked after the session was made, whose token nobody has yet: see the lock of confirmTwoFactor.
      if (!(await hasTwoFactor(db, result.user.id))) return signedInBy(result.token);
      await db.delete(sessions).where(eq(sessions.token, result.token));
      throw new TwoFactorRequired(await makeChallenge(db, { userId: result.user.id, now: now() }));
    },

    /** @throws WrongTwoFactorCode, TooManyAttempts */
    async completeSignIn(input: { challenge: string; code: string; address: string }): Promise<SignedIn> {
      const { address, challenge, code } = input;
      await spend(`code:${address}`, CODE_LIMIT_PER_ADDRESS);
      const userId = await ownerOfChallenge(db, { challenge, now: now() });
      if (userId === null) throw new WrongTwoFactorCode();
      await spend(`two-factor:${userId}`, TWO_FACTOR_LIMIT);
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      await db.transaction(async (tx) => {
        // A new password that is being set meanwhile either ends the challenge, or sees the session and ends that.
        await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update');
        const isOpen = await useChallenge(tx, { challenge, now: now() });
        const isRight = isOpen && (await useTwoFactorCode(tx, { userId, code, secrets, now: now() }));
        if (!isRight) throw new WrongTwoFactorCode();
        await openSession(tx, userId, token);
      });
      return signedInBy(token);
    },

    /** Called before a provider is asked who came back. @returns false when `state` came back before @throws TooManyAttempts */
    async useBegunSignIn({ state, address }: { state: string; address: string }): Promise<boolean> {
      await spend(`sign-in:${address}`, SIGN_IN_LIMIT_PER_ADDRESS);
      return (await attempts.take(`begun-sign-in:${state}`, BEGUN_SIGN_IN_LIMIT)) === 0;
    },

    /**
     * Signs in whom a provider vouches for; makes an account when there is none with the e-mail.
     * @throws IdentityEmailTaken, IdentityEmailUnproven; TwoFactorRequired when a code has to follow
     */
    async signInWithIdentity(identity: VouchedIdentity): Promise<SignedIn> {
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const waiting = await db.transaction(async (tx) => {
        const userId = await userOfIdentity(tx, identity, now());
        // Two-factor codes that are being switched on meanwhile either are seen, or end the session.
        await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('update');
        if (await hasTwoFactor(tx, userId)) return userId;
        await openSession(tx, userId, token);
        return null;
      });
      if (waiting === null) return signedInBy(token);
      throw new TwoFactorRequired(await makeChallenge(db, { userId: waiting, now: now() }));
    },

    /** Nothing is asked at sign-in before it is confirmed. @throws WrongCredentials, TwoFactorAlreadyOn, TooManyAttempts */
    async beginTwoFactor({ userId, password }: { userId: string; password: string }): Promise<TwoFactorKit> {
      await spend(`change-password:${userId}`, CHANGE_LIMIT);
      await checkPassword(db, { userId, password });
      return beginTwoFactor(db, { userId, secrets, now: now() });
    },

    /** Ends all sessions but that of `token`. @throws WrongTwoFactorCode, TwoFactorNotBegun, TwoFactorAlreadyOn, TooManyAttempts */
    async confirmTwoFactor(confirm: { userId: string; token: string | null; code: string }): Promise<void> {
      await spend(`two-factor:${confirm.userId}`, TWO_FACTOR_LIMIT);
      await confirmTwoFactor(db, { ...confirm, secrets, now: now() });
    },

    /** @throws WrongCredentials, WrongTwoFactorCode, TwoFactorNotBegun, TooManyAttempts */
    async endTwoFactor(end: { userId: string; password: string; code: string }): Promise<void> {
      const { userId, password, code } = end;
      await spend(`change-password:${userId}`, CHANGE_LIMIT);
      await checkPassword(db, { userId, password });
      await spend(`two-factor:${userId}`, TWO_FACTOR_LIMIT);
      await db.transaction(async (tx) => {
        if (!(await hasTwoFactor(tx, userId))) throw new TwoFactorNotBegun();
        if (!(await useTwoFactorCode(tx, { userId, code, secrets, now: now() }))) throw new WrongTwoFactorCode();
        await removeTwoFactor(tx, userId);
      });
    },

    spendMail,

    /** By its owner only: so that nobody proves a stranger's account by opening a link. @throws BadCode, TooManyAttempts */
    async verifyEmail({ code, userId, address }: { code: string; userId: string; address: string }): Promise<void> {
      await spend(`code:${address}`, CODE_LIMIT_PER_ADDRESS);
      const use = { purpose: 'VERIFY_EMAIL', code, ownerId: userId, now: now() } as const;
      const used = await db.transaction((tx) => useMailedCode(tx, use));
      if (used === null) throw new BadCode();
    },

    /** Ends all sessions of the account. @throws BadCode, TooManyAttempts */
    async resetPassword({ address, ...reset }: { code: string; newPassword: string; address: string }): Promise<void> {
      await spend(`code:${address}`, CODE_LIMIT_PER_ADDRESS);
      await resetPassword(db, { ...reset, now: now() });
    },

    /** Ends all sessions but that of `token`. @throws WrongCredentials, TooManyAttempts */
    async changePassword(change: {
      userId: string;
      token: string | null;
      password: string;
      newPassword: string;
    }): Promise<void> {
      await spend(`change-password:${change.userId}`, CHANGE_LIMIT);
      await changePassword(db, { ...change, now: now() });
    },

    /** @returns false when the token was not good any more */
    async signOut(token: string): Promise<boolean> {
      const removed = await db.delete(sessions).where(eq(sessions.token, token)).returning({ id: sessions.id });
      return removed.length > 0;
    },

    /** One SQL, shared with all who ask in the same turn. @returns null for a token that is unknown, expired or signed out */
    async viewerOf(token: string): Promise<Viewer | null> {
      if (token.length === 0 || token.length > TOKEN_CHARS_MAX) return null;
      return (await lookups.find(token)) ?? null;
    },

    /** Until when a token is good. @returns null for one that is unknown, expired or signed out */
    async sessionOf(token: string): Promise<{ token: string; expiresAt: Date } | null> {
      const [row] = await viewerSql(token);
      return row ? { token, expiresAt: row.expiresAt } : null;
    },

    /** `viewerOf` for many tokens, in one SQL; those that are not good are missing. */
    viewersOf,

    /**
     * Which of these credentials do no longer act for whom they did: signed out, expired, revoked, or of another role.
     * One SQL for all sessions, and one for all API keys.
     */
    lostOf: <Known extends Acting>(known: readonly Known[]) => lostOf(db, known, now()),

    /**
     * Makes the first admin, once, however many processes start together.
     * @returns the account with its random password, which is stored nowhere else; null when there is an admin already
     * @throws FirstAdminEmailTaken when the address belongs to an account that is no admin
     */
    ensureFirstAdmin: (input: { email: string }) => makeFirstAdmin(db, input.email, now()),
  };
}
