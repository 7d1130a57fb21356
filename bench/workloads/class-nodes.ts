import { TransformNode } from 'heirline';

/** A node with an instance per item: everybody who nests makes a new one. */
export class Add extends TransformNode<number, number> {
  override transform(item: number): number {
    return item + 1;
  }
}

/** The second node of a child. */
export class Double extends TransformNode<number, number> {
  override transform(item: number): number {
    return item * 2;
  }
}
