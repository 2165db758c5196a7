/**
 * Sound GraphQL operations, made from the schema by chance: fields, arguments, variables, fragments, directives.
 *
 * Not here: what is then done to them (kinds.ts) and how they are sent (sender.ts).
 */
import {
  type GraphQLArgument,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
  isUnionType,
} from 'graphql';
import type { Random } from '../harness/random.ts';

/** What an operation is made with. */
export interface Source {
  readonly schema: GraphQLSchema;
  readonly random: Random;
  /** Global ids of things that exist. */
  readonly ids: readonly string[];
}

export type Root = 'query' | 'mutation' | 'subscription';

export interface Written {
  readonly root: Root;
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

/** An enum's value: written bare in a document, and as text among variables. */
class EnumWord {
  readonly word: string;
  constructor(word: string) {
    this.word = word;
  }
  toJSON(): string {
    return this.word;
  }
}

const TEXTS = [
  '',
  'a',
  'Moby-Dick',
  'ada@example.org',
  'tok_succeeds',
  'EUR',
  'en',
  "O'Neil; --",
  '%_\\',
  'ß漢字🙂',
  'line\nline',
  'a long enough one',
  '978-3-16-148410-0',
  'https://shop.example.org/x',
  '2026-11-23T00:00:00.000Z',
];

/** @param size how wide a set of fields and how deep the whole may be */
export function writeOperation(source: Source, root: Root, size: { fields: number; depth: number }): Written {
  const type = source.schema.getRootType(root);
  if (!type) throw new TypeError(`the schema has no ${root}`);
  const writer = new Writer(source, size.fields);
  const fields = root === 'subscription' ? writer.oneField(type, size.depth) : writer.set(type, size.depth);
  return { root, query: writer.document(root, fields), variables: writer.variables };
}

class Writer {
  readonly variables: Record<string, unknown> = {};
  readonly #source: Source;
  readonly #fieldsMax: number;
  readonly #declared: string[] = [];
  readonly #fragments: string[] = [];
  #names = 0;

  constructor(source: Source, fieldsMax: number) {
    this.#source = source;
    this.#fieldsMax = fieldsMax;
  }

  document(root: Root, fields: string): string {
    const declared = this.#declared.length > 0 ? `(${this.#declared.join(', ')})` : '';
    return [`${root} Asked${declared} ${fields}`, ...this.#fragments].join('\n');
  }

  set(type: GraphQLNamedType, depth: number): string {
    const { random } = this.#source;
    if (isUnionType(type)) {
      const member = random.pick(type.getTypes());
      return `{ __typename ... on ${member.name} ${this.set(member, depth)} }`;
    }
    if (!isObjectType(type) && !isInterfaceType(type)) return '{ __typename }';
    const fields = Object.values(type.getFields());
    const wanted = random.whole(1, this.#fieldsMax);
    const chosen = new Set(Array.from({ length: wanted }, () => random.pick(fields)));
    const parts = [...chosen].flatMap((field) => this.#field(field, depth));
    if (parts.length === 0) parts.push('__typename');
    const inner = `{ ${parts.join(' ')} }`;
    if (random.next() > 0.1) return inner;
    const name = `Part${this.#names++}`;
    this.#fragments.push(`fragment ${name} on ${type.name} ${inner}`);
    return `{ ...${name} }`;
  }

  oneField(type: GraphQLNamedType, depth: number): string {
    if (!isObjectType(type)) return '{ __typename }';
    return `{ ${this.#field(this.#source.random.pick(Object.values(type.getFields())), depth).join(' ')} }`;
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string[] {
    const { random } = this.#source;
    const type = getNamedType(field.type);
    if (isCompositeType(type) && depth <= 0) return [];
    const given = field.args.filter((argument) => isRequiredArgument(argument) || random.next() < 0.3);
    const args = given.map((argument) => `${argument.name}: ${this.#argument(argument)}`);
    const alias = random.next() < 0.15 ? `n${this.#names++}: ` : '';
    const directive = random.next() < 0.05 ? ` ${random.pick(['@include(if: true)', '@skip(if: false)'])}` : '';
    const called = `${alias}${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${directive}`;
    return [isCompositeType(type) ? `${called} ${this.set(type, depth - 1)}` : called];
  }

  #argument(argument: GraphQLArgument): string {
    const { random } = this.#source;
    const value = argument.name === 'first' ? random.whole(1, 20) : this.#value(argument.type, 4);
    if (random.next() < 0.6) return literal(value);
    const name = `v${this.#names++}`;
    this.#declared.push(`$${name}: ${String(argument.type)}`);
    this.variables[name] = value;
    return `$${name}`;
  }

  #value(type: GraphQLInputType, depth: number): unknown {
    const { random } = this.#source;
    if (isNonNullType(type)) return this.#value(type.ofType, depth);
    if (isListType(type)) {
      return Array.from({ length: depth <= 0 ? 0 : random.whole(0, 3) }, () => this.#value(type.ofType, depth - 1));
    }
    if (isEnumType(type)) return new EnumWord(random.pick(type.getValues()).name);
    if (isInputObjectType(type)) {
      const isGiven = (field: GraphQLInputField) =>
        isRequiredInputField(field) || (!type.isOneOf && depth > 0 && random.next() < 0.4);
      const fields = Object.values(type.getFields());
      const given = type.isOneOf ? [random.pick(fields)] : fields.filter(isGiven);
      return Object.fromEntries(given.map((field) => [field.name, this.#value(field.type, depth - 1)]));
    }
    return this.#scalar(type.name);
  }

  #scalar(name: string): unknown {
    const { random, ids } = this.#source;
    if (name === 'Int' || name === 'SafeInt') return random.whole(0, 1_000);
    if (name === 'Float') return random.next() * 100;
    if (name === 'Boolean') return random.next() < 0.5;
    if (name === 'ID') return random.next() < 0.7 ? random.pick(ids) : random.pick(TEXTS);
    if (name === 'DateTime') return new Date(random.whole(0, 4_000_000_000) * 1_000).toISOString();
    if (name === 'URL') return 'https://shop.example.org/';
    return random.pick(TEXTS);
  }
}

export function literal(value: unknown): string {
  if (value instanceof EnumWord) return value.word;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${literal(field)}`);
    return `{ ${fields.join(', ')} }`;
  }
  return JSON.stringify(value);
}
