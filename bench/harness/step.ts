/** A step between the source and the sink of a pipeline that everybody can make. */
export type Step =
  | { readonly kind: 'map'; readonly map: (value: number) => number }
  | { readonly kind: 'class'; readonly Node: new () => NumberNode }
  | { readonly kind: 'map async'; readonly map: (value: number) => Promise<number> }
  | {
      readonly kind: 'map at once';
      readonly map: (value: number) => Promise<number>;
      readonly concurrency: number;
    }
  | { readonly kind: 'filter'; readonly keep: (value: number) => boolean }
  /** Any number of outputs for each input. */
  | { readonly kind: 'expand'; readonly expand: (value: number) => Iterable<number> }
  /** What this map throws leaves the item out. */
  | { readonly kind: 'map or skip'; readonly map: (value: number) => number }
  | {
      readonly kind: 'branches';
      readonly left: (value: number) => number;
      readonly right: (value: number) => number;
    }
  /** A pipeline in the pipeline, anew for each item, with one output. */
  | { readonly kind: 'child'; readonly steps: readonly ChildStep[] };

/** A step that gives one output for each input, so a child can be made of it. */
export type ChildStep = Extract<Step, { readonly kind: 'map' | 'class' | 'map async' | 'child' }>;

/** A class node whose instance is made anew for each execution, such as a child's. */
interface NumberNode {
  transform(item: number): number;
}

/** A map that may throw, as one that gives no output then. */
export function outputOrNothing(map: (value: number) => number): (value: number) => readonly number[] {
  return (value) => {
    try {
      return [map(value)];
    } catch {
      return [];
    }
  };
}
