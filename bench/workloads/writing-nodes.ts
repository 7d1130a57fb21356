import { TransformNode } from 'heirline';
import type { PipelineContext } from 'heirline';
import type { WritingNode } from '../harness/peer.js';

// By hand and with heirline: the second node of a child, which doubles its item and writes that down.

/** Every so many items give what was read again, so a result is wrong where a write gets lost. */
const isProbe = (item: number): boolean => (item & 0xff) === 0;

/** What an object that is written holds. */
interface Order {
  readonly amount: number;
  readonly currency: string;
}

/** Sets one number in a Map. */
export class SetNumberByHand implements WritingNode {
  transform(item: number, values: Map<string, unknown>): number {
    const amount = item * 2;
    values.set('amount', amount);
    return isProbe(item) ? (values.get('amount') as number) : amount;
  }
}

/** Sets an object in a Map. */
export class SetObjectByHand implements WritingNode {
  transform(item: number, values: Map<string, unknown>): number {
    const amount = item * 2;
    values.set('order', { amount, currency: 'EUR' } satisfies Order);
    return isProbe(item) ? (values.get('order') as Order).amount : amount;
  }
}

/** Sets three numbers in a Map. */
export class SetThreeByHand implements WritingNode {
  transform(item: number, values: Map<string, unknown>): number {
    const amount = item * 2;
    values.set('item', item);
    values.set('rate', 2);
    values.set('amount', amount);
    return isProbe(item) ? (values.get('amount') as number) : amount;
  }
}

/** Sets one context item. */
export class SetItem extends TransformNode<number, number> {
  override transform(item: number, { items }: PipelineContext): number {
    const amount = item * 2;
    items.set('amount', amount);
    return isProbe(item) ? items.require<number>('amount') : amount;
  }
}

/** Sets one number as a parameter. */
export class SetNumberParameter extends TransformNode<number, number> {
  override transform(item: number, { parameters }: PipelineContext): number {
    const amount = item * 2;
    parameters.set('amount', amount);
    return isProbe(item) ? parameters.require<number>('amount') : amount;
  }
}

/** Sets an object as a parameter, which is copied and frozen. */
export class SetObjectParameter extends TransformNode<number, number> {
  override transform(item: number, { parameters }: PipelineContext): number {
    const amount = item * 2;
    parameters.set('order', { amount, currency: 'EUR' } satisfies Order);
    return isProbe(item) ? parameters.require<Order>('order').amount : amount;
  }
}

/** Sets three context items. */
export class SetThreeItems extends TransformNode<number, number> {
  override transform(item: number, { items }: PipelineContext): number {
    const amount = item * 2;
    items.set('item', item);
    items.set('rate', 2);
    items.set('amount', amount);
    return isProbe(item) ? items.require<number>('amount') : amount;
  }
}
