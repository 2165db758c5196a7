/**
 * Validation that tells every fault at once.
 *
 * Schemas are declared as the validation plugin has it (`validate:` and `.validate()` on fields, inputs and arguments);
 * that plugin stops at the first faulty field, so its walk is replaced by this one. A schema that looks at a whole input
 * is asked only when the parts of that input are sound. Schemas answer at once: none may be asynchronous.
 */
import SchemaBuilder, {
  type InputFieldMapping,
  type InputFieldsMapping,
  mapInputFields,
  type PothosOutputFieldConfig,
  type SchemaTypes,
  unwrapInputFieldType,
} from '@pothos/core';
import { PothosValidationPlugin, type StandardSchemaV1 } from '@pothos/plugin-validation';
import { type FieldFault, ValidationError } from './errors.ts';

const pluginName = 'collectFaults';
const declared = '@pothos/plugin-validation';

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      collectFaults: CollectFaultsPlugin<Types>;
    }
  }
}

/** What is asked of a value: as the whole of a list or input, and as one item of it. */
interface Schemas {
  whole: readonly StandardSchemaV1[];
  item: readonly StandardSchemaV1[];
}
type Mapping<Types extends SchemaTypes> = InputFieldsMapping<Types, Schemas>;
type Path = readonly (string | number)[];
type Values = Record<string, unknown>;

export class CollectFaultsPlugin<Types extends SchemaTypes> extends PothosValidationPlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> | null {
    const ofArguments = new Set(
      Object.values(config.args).flatMap((arg) => arg.extensions?.[declared]?.parentSchemas ?? []),
    );
    const together = [...(config.pothosOptions.validate ? [config.pothosOptions.validate] : []), ...ofArguments];
    const mapping = mapInputFields(config.args, this.buildCache, (field) => {
      const ofArgument = field.kind === 'Arg' && field.pothosOptions.validate ? [field.pothosOptions.validate] : [];
      const whole = [...(field.extensions?.[declared]?.schemas ?? [])].reverse().concat(ofArgument);
      const type = this.buildCache.getTypeConfig(unwrapInputFieldType(field.type));
      const item = type.kind === 'InputObject' ? (type.extensions?.[declared]?.schemas ?? []) : [];
      return whole.length > 0 || item.length > 0 ? { whole, item } : null;
    });
    if (!mapping && together.length === 0) return config;
    return { ...config, argMappers: [...(config.argMappers ?? []), (args) => checkAll(args, mapping, together)] };
  }
}

SchemaBuilder.registerPlugin(pluginName, CollectFaultsPlugin);
export default pluginName;

/** @throws ValidationError with every fault */
function checkAll<Types extends SchemaTypes>(
  args: Values,
  mapping: Mapping<Types> | null,
  together: readonly StandardSchemaV1[],
): Values {
  const faults: FieldFault[] = [];
  const checked = mapping ? checkFields(args, mapping, [], faults) : args;
  const result = faults.length === 0 ? ask(together, checked, [], faults) : checked;
  if (faults.length > 0) throw new ValidationError(faults);
  return { ...Object(result) };
}

function checkFields<Types extends SchemaTypes>(
  values: Values,
  mapping: Mapping<Types>,
  path: Path,
  faults: FieldFault[],
): Values {
  const checked = { ...values };
  for (const [name, field] of mapping) {
    const value = values[name];
    if (value !== null && value !== undefined) checked[name] = checkField(value, field, [...path, name], faults);
  }
  return checked;
}

function checkField<Types extends SchemaTypes>(
  value: unknown,
  field: InputFieldMapping<Types, Schemas>,
  path: Path,
  faults: FieldFault[],
): unknown {
  const before = faults.length;
  const nested = field.kind === 'InputObject' ? field.fields.map : null;
  const checkItem = (item: unknown, at: Path): unknown => {
    const count = faults.length;
    const sound = nested && isRecord(item) ? checkFields(item, nested, at, faults) : item;
    return faults.length === count ? ask(field.value?.item ?? [], sound, at, faults) : sound;
  };
  const checked = eachItem(value, field.isList ? field.listDepth : 0, path, checkItem);
  return faults.length === before ? ask(field.value?.whole ?? [], checked, path, faults) : checked;
}

function eachItem(value: unknown, depth: number, path: Path, check: (item: unknown, at: Path) => unknown): unknown {
  if (value === null || value === undefined) return value;
  if (depth === 0 || !Array.isArray(value)) return check(value, path);
  return value.map((item: unknown, index) => eachItem(item, depth - 1, [...path, index], check));
}

/** Asks one schema after another; each gets what the one before made of the value. */
function ask(schemas: readonly StandardSchemaV1[], value: unknown, path: Path, faults: FieldFault[]): unknown {
  let current = value;
  for (const schema of schemas) {
    const result = schema['~standard'].validate(current);
    if (result instanceof Promise) throw new TypeError(`the schema of ${path.join('.')} is asynchronous`);
    if (result.issues) {
      faults.push(...result.issues.map((issue) => ({ path: pathOf(path, issue), message: issue.message })));
      return current;
    }
    current = result.value;
  }
  return current;
}

function pathOf(path: Path, issue: StandardSchemaV1.Issue): string {
  const inner = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  return [...path, ...inner].join('.');
}

const isRecord = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
