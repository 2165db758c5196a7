/**
 * What each mutation is sent: always about something of the owner's, made anew for each caller, and sound, so that only
 * the right to do it decides. A new mutation needs a line here.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { Person } from './people.ts';
import { PASSWORD } from './people.ts';
import { BYTES, type World } from './world.ts';

type Input = Record<string, unknown>;
type Make = (world: World, caller: Person | null) => Promise<Input> | Input;

/** Mutations that end or change the caller's own account or session: each caller is somebody new for them. */
export const ON_ONESELF: ReadonlySet<string> = new Set([
  'signOut',
  'becomeAuthor',
  'changePassword',
  'revokeSessions',
  'verifyEmail',
  'enableTwoFactor',
  'confirmTwoFactor',
  'disableTwoFactor',
]);

const editionOf = (make: (world: World) => Promise<{ editionId: string }>, more: Input = {}): Make => {
  return async (world) => ({ editionId: world.id('Edition', (await make(world)).editionId), ...more });
};
const draft = (world: World) => world.make.book(world.owner);
const onSale = (world: World) => world.make.book(world.owner, 'PUBLISHED');
const endpoint = async (world: World): Promise<Input> => ({
  id: world.id('WebhookEndpoint', (await world.make.webhook()).endpointId),
});
const prices = [{ amountMinor: 499, currency: 'EUR' }];

/** Null for those that take no input. */
export const INPUTS: Record<string, Make | null> = {
  acceptSuggestion: async (world) => ({ revisionId: world.id('Revision', (await draft(world)).revisionId) }),
  attachFile: async (world) => ({
    editionId: world.id('Edition', (await draft(world)).editionId),
    fileId: world.id('File', await world.make.file()),
  }),
  becomeAuthor: () => ({ acceptTerms: true }),
  claimOrder: async (world) => {
    const { editionId } = await world.make.book(world.seller, 'PUBLISHED');
    return { orderId: world.id('Order', await world.make.claimFor(await world.make.order(editionId), editionId)) };
  },
  changePassword: () => ({ password: PASSWORD, newPassword: 'another horse battery' }),
  completeSignIn: async (world) => world.make.twoFactor.challenged(),
  completeSignUp: async (world) => ({ code: await world.make.signUpCode(), password: PASSWORD }),
  completeUpload: async (world) => ({ fileId: world.id('File', await world.make.file('PENDING')) }),
  confirmTwoFactor: async (world, caller) => world.make.twoFactor.begun(caller),
  createApiKey: () => ({ name: 'A key', scopes: ['CATALOG_READ'] }),
  createAppPassword: () => ({ name: 'A reader' }),
  createCoupon: () => ({ code: randomUUID(), percentBps: 1_000 }),
  createDownload: async (world) => ({ editionId: world.id('Edition', world.bought.editionId) }),
  createDraft: () => ({ title: 'The Sea', prices }),
  createQuote: async (world) => ({
    items: [{ editionId: world.id('Edition', (await world.make.book(world.seller, 'PUBLISHED')).editionId) }],
    currency: 'EUR',
  }),
  createRevision: editionOf(onSale),
  createUpload: () => ({
    name: 'a.epub',
    mediaType: 'application/epub+zip',
    sizeBytes: BYTES.length,
    sha256: createHash('sha256').update(BYTES).digest('hex'),
  }),
  createWebhookEndpoint: () => ({ url: 'https://shop.example.org/hook', eventTypes: ['ORDER_COMPLETED'] }),
  decideDeadLetters: async (world) => ({
    ids: [world.id('DeadLetter', await world.make.deadLetter())],
    decision: 'REPLAY',
  }),
  deleteWebhookEndpoint: endpoint,
  discardDeadLetter: async (world) => ({ id: world.id('DeadLetter', await world.make.deadLetter()) }),
  discloseDeadLetter: async (world) => ({ id: world.id('DeadLetter', await world.make.deadLetter()) }),
  discloseEvent: async (world) => ({ number: (await world.make.run()).eventId }),
  dismissSuggestion: async (world) => ({ revisionId: world.id('Revision', (await draft(world)).revisionId) }),
  endCoupon: async (world) => ({ couponId: world.id('Coupon', await world.make.coupon()) }),
  explainDifference: (world) => ({
    id: world.id('ReconciliationDifference', world.differenceId),
    note: 'A slip.',
  }),
  openPayee: () => ({ country: 'DE', idempotencyKey: randomUUID() }),
  pauseWebhookEndpoint: endpoint,
  placeGuestOrder: async (world) => ({
    quoteId: world.id('Quote', await world.make.guestQuote(await world.make.book(world.seller, 'PUBLISHED'))),
    email: 'a@example.org',
    paymentToken: 'tok_succeeds',
    idempotencyKey: randomUUID(),
  }),
  placeOrder: async (world) => ({
    editionId: world.id('Edition', (await world.make.book(world.seller, 'PUBLISHED')).editionId),
    currency: 'EUR',
    paymentToken: 'tok_succeeds',
    idempotencyKey: randomUUID(),
  }),
  relistEdition: async (world) => {
    const { editionId } = await onSale(world);
    await world.sql`update edition set sale_status = 'UNPUBLISHED' where id = ${editionId}`;
    return { editionId: world.id('Edition', editionId) };
  },
  requestPayout: async (world, caller) => {
    await world.make.earned(caller);
    return { currency: 'EUR', idempotencyKey: randomUUID() };
  },
  requestRefund: async (world) => ({
    orderId: world.id('Order', (await world.make.entitlement()).orderId),
    idempotencyKey: randomUUID(),
  }),
  replayDeadLetter: async (world) => ({ id: world.id('DeadLetter', await world.make.deadLetter()) }),
  resendWebhookDelivery: async (world) => ({
    id: world.id('WebhookDelivery', (await world.make.webhook()).deliveryId),
  }),
  resumeWebhookEndpoint: endpoint,
  requestEmailVerification: () => ({ email: `${randomUUID()}@example.org` }),
  requestPasswordReset: () => ({ email: `${randomUUID()}@example.org` }),
  resetPassword: async (world) => ({
    code: await world.make.code('RESET_PASSWORD', null),
    newPassword: 'another horse battery',
  }),
  revokeApiKey: async (world) => ({ id: world.id('ApiKey', await world.make.apiKey()) }),
  revokeSession: async (world) => ({ id: world.id('OpenSession', await world.make.session()) }),
  revokeSessions: () => ({ keepThis: true }),
  rotateWebhookSecret: endpoint,
  runSchedule: async ({ sql }) => {
    await sql`delete from cron_slot`;
    return { name: 'health' };
  },
  disableTwoFactor: async (world, caller) => ({ password: PASSWORD, ...(await world.make.twoFactor.on(caller)) }),
  enableTwoFactor: () => ({ password: PASSWORD }),
  setPriceWindows: editionOf(draft, { windows: [] }),
  setPrices: editionOf(draft, { prices }),
  signIn: (world) => ({ email: world.owner.email, password: PASSWORD }),
  signOut: null,
  signUp: () => ({ name: 'Ada', email: `${randomUUID()}@example.org`, password: PASSWORD }),
  submitEdition: async (world) => ({
    editionId: world.id('Edition', (await draft(world)).editionId),
    idempotencyKey: randomUUID(),
  }),
  unpublishEdition: editionOf(onSale),
  updateDraft: editionOf(draft, { title: 'Another' }),
  updateWebhookEndpoint: async (world) => ({ ...(await endpoint(world)), description: 'Another' }),
  verifyEmail: async (world, caller) => ({ code: await world.make.code('VERIFY_EMAIL', caller) }),
  withdrawEdition: editionOf((world) => world.make.book(world.owner, 'SUBMITTED')),
};
