/**
 * Who may see what is said at the field or at its type, or the schema does not build.
 *
 * Promise: every query, mutation and subscription names its rule (`authScopes`), public ones too; every object type either
 * names a rule, which holds for each of its fields however they are reached, or says that it is `carried`: shown to
 * whoever was given what holds it, since it cannot be asked for by itself. A node, which `node(id)` reaches, is never carried.
 * Not here: what the rules mean (builder.ts); the proof, field by field (test/schema/authorization.test.ts).
 */
import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  type PothosTypeConfig,
  type SchemaTypes,
} from '@pothos/core';

const pluginName = 'rules';

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      rules: RulesPlugin<Types>;
    }
    // oxlint-disable-next-line no-unused-vars -- an interface that is merged names all of its parameters
    interface ObjectTypeOptions<Types extends SchemaTypes, Shape> {
      /** Shown to whoever was given what holds it. */
      carried?: true;
    }
    // oxlint-disable-next-line no-unused-vars -- as above
    interface InterfaceTypeOptions<Types extends SchemaTypes, Shape> {
      /** Shown to whoever was given what holds it. */
      carried?: true;
    }
  }
}

/** A field or a type does not say who may see it. */
export class RuleMissingError extends Error {
  readonly code = 'RULE_MISSING';
  override readonly name = 'RuleMissingError';
}

const ROOTS: ReadonlySet<string> = new Set(['Query', 'Mutation', 'Subscription']);

export class RulesPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { parentType, name, pothosOptions } = config;
    if (ROOTS.has(parentType) && !isSaid(pothosOptions.authScopes)) {
      throw new RuleMissingError(
        `${parentType}.${name} does not say who may use it. Give it authScopes: { anyone | signedIn | author | admin: KEY RULE }.`,
      );
    }
    return config;
  }

  override onTypeConfig(config: PothosTypeConfig): PothosTypeConfig {
    if (config.kind !== 'Object' && config.kind !== 'Interface') return config;
    const { name, pothosOptions, interfaces } = config;
    if (name === 'Node') return config;
    const isNode = interfaces.some((one) => this.buildCache.getTypeConfig(one).name === 'Node');
    if (pothosOptions.carried === true && isNode) {
      throw new RuleMissingError(`${name} has a global id, so it cannot be carried. Give it authScopes.`);
    }
    if (pothosOptions.carried === true || isSaid(pothosOptions.authScopes)) return config;
    throw new RuleMissingError(
      `${name} does not say who may see it. Give it authScopes, or \`carried: true\` if it is only reached through something that has a rule.`,
    );
  }
}

const isSaid = (scopes: unknown): boolean =>
  typeof scopes === 'function' || (typeof scopes === 'object' && scopes !== null && Object.keys(scopes).length > 0);

SchemaBuilder.registerPlugin(pluginName, RulesPlugin);
export default pluginName;
