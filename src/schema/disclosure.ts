/**
 * What admins see of payloads: all that names a thing, a state, a number or an instant. Whatever else is text may be about
 * a person, and is shown only to who asks for it, which is kept (`Mutation.discloseEvent`, `discloseDeadLetter`).
 */
const HIDDEN = '•••';
const DEPTH_MAX = 8;
/** Ids, instants, `workflow.stage`, STATES, currencies, hashes: one word without a person in it. */
const PLAIN =
  /^(?:[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|[A-Z][A-Z0-9_]{0,63}|[a-z]+(?:-[a-z]+)*(?:\.[a-z]+(?:-[a-z]+)*)?)$/;
/** Words under these names are a person's own, whatever they look like. */
const PERSONAL = /name|email|mail|address|phone|token|secret|url|message|note|title|text|to$/i;

/** The same shape, with what may be personal replaced. */
export function hidePersonal(value: unknown, name = '', depth = 0): unknown {
  if (depth > DEPTH_MAX) return HIDDEN;
  if (typeof value === 'string') return PLAIN.test(value) && !PERSONAL.test(name) ? value : HIDDEN;
  if (Array.isArray(value)) return value.map((one) => hidePersonal(one, name, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hidePersonal(one, key, depth + 1)]));
}
