/** The pages people are sent to: a buyer who must approve a payment, a payee who must complete its account. */
import type { BookedAuthorization, BookedPayee } from './books.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function actionPage(authorization: BookedAuthorization): string {
  const path = `/actions/${authorization.authorizationRef}`;
  const body =
    authorization.state === 'REQUIRES_ACTION'
      ? `<form method="post" action="${path}/approve"><button>Approve</button></form>
<form method="post" action="${path}/deny"><button>Deny</button></form>`
      : `<p>${authorization.state === 'DECLINED' ? 'Denied' : 'Approved'}. You can close this page and go back to the shop.</p>`;
  return page(`<p>Payment <b>${escape(authorization.reference)}</b>: ${authorization.amountMinor} minor units of ${escape(authorization.currency)}. No real money moves.</p>
${body}`);
}

export function payeePage({ payeeRef, email, isReady }: BookedPayee): string {
  const body = isReady
    ? '<p>Complete. You can close this page and go back to the shop.</p>'
    : `<form method="post" action="/payees/${payeeRef}/complete"><button>Complete the account</button></form>`;
  return page(`<p>Account of <b>${escape(email)}</b>, to be paid by the shop. No real money moves.</p>
${body}`);
}

function page(body: string): string {
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Sandbox bank</title>
<style>body{font:18px/1.5 system-ui,sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem}form{display:inline}button{font:inherit;padding:.4rem 1.2rem;margin-right:.5rem}</style>
<h1>Sandbox bank</h1>
${body}
</html>
`;
}

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
