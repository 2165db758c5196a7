/** Workflow `webhook-pause`: tells the owner of an endpoint that it was paused, and why. */
import { eq } from 'drizzle-orm';
import { users, webhookEndpoints } from '../../db/tables/index.ts';
import { endpointPaused, noticeSent } from '../../events/index.ts';
import { TerminalError } from '../../streams/index.ts';
import { MAIL_TIMEOUT_MS, mailRetry, sendNotice } from '../notify/send-notice.ts';
import { stage, workflow } from '../services.ts';

export const webhookPause = workflow('webhook-pause', {
  startedBy: 'webhook.deliver',
  stages: [
    stage('send', {
      on: endpointPaused,
      emits: [noticeSent],
      retry: mailRetry,
      timeoutMs: MAIL_TIMEOUT_MS,
      run: async ({ payload: { endpointId, pausedAt } }, context) => {
        const [found] = await context.services.db
          .select({
            url: webhookEndpoints.url,
            reason: webhookEndpoints.pausedReason,
            id: users.id,
            email: users.email,
          })
          .from(webhookEndpoints)
          .innerJoin(users, eq(users.id, webhookEndpoints.ownerId))
          .where(eq(webhookEndpoints.id, endpointId));
        if (!found) throw new TerminalError(`there is no webhook endpoint ${endpointId}`);
        const { id, email, url, reason } = found;
        const key = `webhook-paused:${endpointId}:${pausedAt}`;
        return sendNotice(context, { key, kind: 'WEBHOOK_PAUSED', to: { id, email } }, pauseText(url, reason ?? ''));
      },
    }),
  ],
});

const pauseText = (url: string, reason: string): { subject: string; text: string } => ({
  subject: 'Webhooks to your endpoint are paused',
  text: [
    `We no longer send webhooks to ${url}.`,
    `${reason} Nothing more is sent there until you resume it.`,
    '',
    'What was sent and what came of it: query webhookEndpoints { deliveries }.',
    'To go on: Mutation.resumeWebhookEndpoint, then Mutation.resendWebhookDelivery for what was missed.',
  ].join('\n'),
});
