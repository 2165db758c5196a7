/** What the links of mails ask for besides a place, such as `#sign-up=CODE`. */
const KINDS = ['verify-email', 'reset-password', 'sign-up', 'two-factor'] as const;

export interface Task {
  kind: (typeof KINDS)[number];
  code: string;
  /** Where it is done; elsewhere it is out of sight. */
  path: string;
}

/** What the address asks for besides a place; the code is taken out of the address, and so out of the history. */
export function takeTask(): Task | null {
  if (location.hash === '#library') history.replaceState(null, '', '/app/library');
  const [, name, code] = /^#([a-z-]{1,20})=([\w.~-]{1,300})$/.exec(location.hash) ?? [];
  const kind = KINDS.find((one) => one === name);
  if (kind === undefined || code === undefined) return null;
  history.replaceState(null, '', location.pathname + location.search);
  return { kind, code, path: location.pathname };
}
