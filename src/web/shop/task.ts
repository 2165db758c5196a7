/** What the links of mails ask for besides a place: `#verify-email=CODE`, `#reset-password=CODE`, `#two-factor=CHALLENGE`. */
export interface Task {
  kind: 'verify-email' | 'reset-password' | 'two-factor';
  code: string;
  /** Where it is done; elsewhere it is out of sight. */
  path: string;
}

/** What the address asks for besides a place; the code is taken out of the address, and so out of the history. */
export function takeTask(): Task | null {
  if (location.hash === '#library') history.replaceState(null, '', '/app/library');
  const found = /^#(verify-email|reset-password|two-factor)=([\w.~-]{1,300})$/.exec(location.hash);
  const [, kind, code] = found ?? [];
  if (code === undefined || (kind !== 'verify-email' && kind !== 'reset-password' && kind !== 'two-factor'))
    return null;
  history.replaceState(null, '', location.pathname + location.search);
  return { kind, code, path: location.pathname };
}
