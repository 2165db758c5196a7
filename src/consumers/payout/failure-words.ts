/** Why a payout fails, in words for the author. */

/** Those that only the author can mend: nothing more is paid until the provider has been answered. */
export const PAYEE_FAULTS: ReadonlySet<string> = new Set(['payee_not_ready', 'account_closed']);

export function failureWords(reasonCode: string): string {
  switch (reasonCode) {
    case 'payee_not_ready':
      return 'The payment provider wants to know more of you first. The money is in your balance again: open yourself as a payee again, and answer the provider.';
    case 'account_closed':
      return 'Your account at the bank takes no money. The money is in your balance again: open yourself as a payee again, and name another account.';
    case 'balance_insufficient':
      return 'The shop has not enough at the payment provider yet. The money is in your balance again, and is paid with the next payouts.';
    default:
      return 'The payment provider could not pay it. The money is in your balance again; ask the shop if it happens again.';
  }
}
