import type { Label, LabelProperties, RelationshipType } from "./schema";

export type PropertyValue = string | string[] | number | boolean | null;

export interface GraphNode {
  label: Label;
  id: string;
  properties: Record<string, PropertyValue>;
  /** What it was read from: `cluster pve-a`, `netbox`, `dns ns1`. */
  scope: string;
}

export interface End {
  label: Label;
  id: string;
}

export interface Relationship {
  type: RelationshipType;
  from: End;
  to: End;
  scope: string;
}

export interface Graph {
  nodes: GraphNode[];
  relationships: Relationship[];
  /** Scopes that were wholly read: what of them isn't here isn't there any more. */
  wholeScopes: string[];
}

/** What a relationship between two systems was read from. Both have to be read for it to be missed. */
const joined = (a: string, b: string): string => (a === b ? a : [a, b].sort().join(" + "));

/** Tells an end from every other. */
export const key = ({ label, id }: End): string => `${label} ${id}`;

/** Gathers nodes and relationships, each once; a relationship to what isn't there is none. */
export class GraphBuilder {
  private readonly nodes = new Map<string, GraphNode>();
  private readonly relationships = new Map<string, Relationship>();

  node<L extends Label>(scope: string, label: L, properties: LabelProperties<L>): End {
    const node: GraphNode = { label, id: properties.id, properties: { ...properties }, scope };
    if (!this.nodes.has(key(node))) this.nodes.set(key(node), node);
    return { label, id: properties.id };
  }

  /** @param scope of the system that says so, where that is another than those of its ends */
  relate(scope: string, type: RelationshipType, from: End, to: End): void {
    this.relationships.set(`${type} ${key(from)} ${key(to)}`, { type, from, to, scope });
  }

  /** @param whole the systems that were wholly read */
  finished(whole: string[]): Graph {
    const relationships = [...this.relationships.values()].flatMap((each): Relationship[] => {
      const from = this.nodes.get(key(each.from));
      const to = this.nodes.get(key(each.to));
      if (from === undefined || to === undefined) return [];
      return [{ ...each, scope: [from.scope, to.scope].reduce(joined, each.scope) }];
    });
    const pairs = whole.flatMap((a) => whole.filter((b) => a < b).map((b) => joined(a, b)));
    return { nodes: [...this.nodes.values()], relationships, wholeScopes: [...whole, ...pairs] };
  }
}
