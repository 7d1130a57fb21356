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

/** The first node, with fields of its own. */
export class AddWithFields extends TransformNode<number, number> {
  readonly step = 1;
  calls = 0;

  override transform(item: number): number {
    this.calls += 1;
    return item + this.step;
  }
}

/** The second node, with fields of its own. */
export class DoubleWithFields extends TransformNode<number, number> {
  readonly factor = 2;
  latest = 0;

  override transform(item: number): number {
    this.latest = item * this.factor;
    return this.latest;
  }
}
