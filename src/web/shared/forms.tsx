/**
 * Forms whose faults stand at their fields.
 *
 * A control is named as the API names its field: `contributors.0.name` for `input.contributors.0.name`. A fault of what
 * has no control of its own is shown at the nearest part that has one, else on top of the form.
 */
import { createContext, type ReactNode, useContext, useEffect, useId, useRef, useState } from 'react';

export interface Fault {
  path: string;
  message: string;
}

/** What came of sending a form: nothing when it was done. */
export interface Refused {
  faults?: readonly Fault[];
  problem?: ReactNode;
}

const FaultsContext = createContext<ReadonlyMap<string, string>>(new Map());

export interface ControlProps {
  id: string;
  name: string;
  required: boolean;
  'aria-describedby': string;
  'aria-invalid': true | undefined;
}

interface FieldProps {
  label: string;
  name: string;
  hint?: string;
  required?: boolean;
  children: (control: ControlProps) => ReactNode;
}

/** A label, a control, a hint and room for a fault. */
export function Field({ label, name, hint, required = false, children }: FieldProps) {
  const id = useId();
  const fault = useContext(FaultsContext).get(name);
  const describedBy = [hint === undefined ? '' : `${id}-hint`, `${id}-fault`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required && (
          <span className="needed" title="required">
            {' *'}
          </span>
        )}
      </label>
      {children({ id, name, required, 'aria-describedby': describedBy, 'aria-invalid': fault ? true : undefined })}
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <p className="fault" id={`${id}-fault`} hidden={!fault}>
        {fault}
      </p>
    </div>
  );
}

interface InputProps extends Omit<FieldProps, 'children'> {
  type?: string;
  value?: string | number | null | undefined;
  autoComplete?: string;
  inputMode?: 'decimal' | 'numeric';
  placeholder?: string;
  maxLength?: number;
  list?: string;
}

export function Input({
  type = 'text',
  value,
  autoComplete = 'off',
  label,
  name,
  hint,
  required,
  ...more
}: InputProps) {
  return (
    <Field label={label} name={name} {...(hint !== undefined && { hint })} {...(required && { required })}>
      {(control) => <input type={type} defaultValue={value ?? ''} autoComplete={autoComplete} {...more} {...control} />}
    </Field>
  );
}

interface ChoiceProps extends Omit<FieldProps, 'children'> {
  options: readonly (readonly [value: string, words: string])[];
  chosen?: string;
}

export function Choice({ options, chosen, label, name, hint }: ChoiceProps) {
  return (
    <Field label={label} name={name} {...(hint !== undefined && { hint })}>
      {(control) => (
        <select defaultValue={chosen} {...control}>
          {options.map(([value, words]) => (
            <option key={value} value={value}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface FormProps {
  label: string;
  submit: string;
  busy: string;
  onSubmit: (form: HTMLFormElement) => Promise<Refused | null>;
  /** Beside the button. */
  extra?: ReactNode;
  className?: string;
  isQuiet?: boolean;
  /** Told of another refusal, such as that of a second button. */
  refused?: Refused | null;
  onChange?: (form: HTMLFormElement) => void;
  children: ReactNode;
}

/** A form with a place for what is wrong as a whole. Never sent twice at once. */
export function Form({
  label,
  submit,
  busy,
  onSubmit,
  extra,
  className,
  isQuiet,
  refused,
  onChange,
  children,
}: FormProps) {
  const [own, setOwn] = useState<Refused | null>(null);
  const [isBusy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const shown = refused ?? own;
  const placed = placeFaults(form.current, shown?.faults ?? []);
  useEffect(() => {
    if (!shown?.faults) return;
    const first = form.current?.querySelector('[aria-invalid]');
    if (first instanceof HTMLElement) first.focus();
  }, [shown]);
  const send = async (target: HTMLFormElement) => {
    setBusy(true);
    setOwn(null);
    setOwn(await onSubmit(target));
    setBusy(false);
  };
  return (
    <form
      ref={form}
      noValidate
      aria-label={label}
      className={className}
      onChange={(event) => onChange?.(event.currentTarget)}
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) void send(event.currentTarget);
      }}
    >
      <FaultsContext value={placed.byName}>{children}</FaultsContext>
      {shown && (
        <p className="problem" role="alert">
          {shown.faults ? countWords(shown.faults, placed.homeless) : shown.problem}
        </p>
      )}
      <div className="actions">
        <button type="submit" className={isQuiet ? undefined : 'primary'} disabled={isBusy}>
          {isBusy ? busy : submit}
        </button>
        {extra}
      </div>
    </form>
  );
}

function countWords(faults: readonly Fault[], homeless: readonly string[]): string {
  const more = faults.length === 1 ? 'One thing needs your attention.' : `${faults.length} things need your attention.`;
  return [more, ...homeless].join(' ');
}

function placeFaults(form: HTMLFormElement | null, faults: readonly Fault[]) {
  const byName = new Map<string, string>();
  const homeless: string[] = [];
  for (const { path, message } of faults) {
    const name = form && nameAt(form, path.replace(/^input\./, ''));
    if (name) byName.set(name, [byName.get(name), message].filter(Boolean).join(' '));
    else homeless.push(message);
  }
  return { byName, homeless };
}

function nameAt(form: HTMLFormElement, path: string): string | null {
  const names = [...form.elements].map((control) => control.getAttribute('name') ?? '');
  for (let wanted = path; wanted !== ''; wanted = wanted.split('.').slice(0, -1).join('.')) {
    const found = names.find((name) => name === wanted || name.startsWith(`${wanted}.`));
    if (found !== undefined) return found;
  }
  return null;
}

/** What stands in a field, trimmed. */
export function valueOf(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value.trim() : '';
}

/** A password may begin or end with a space. */
export function passwordOf(form: HTMLFormElement, name = 'password'): string {
  const value = new FormData(form).get(name);
  return typeof value === 'string' ? value : '';
}

/** Also where the page is not served over HTTPS, unlike crypto.randomUUID. */
export const freshKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
