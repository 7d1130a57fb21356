import { contextKey } from 'heirline';

export type RepairKind = 'number as title' | 'garbled letters' | 'article at the end' | 'wrong century';

export interface Repair {
  readonly kind: RepairKind;
  readonly before: string;
  readonly after: string;
}

/** Notes what was repaired: a service that the composites share, because each inherits it as a context item. */
export class RepairLog {
  readonly all: Repair[] = [];

  note(kind: RepairKind, before: string, after: string): void {
    this.all.push({ kind, before, after });
  }
}

export const Repairs = contextKey<RepairLog>('repairs');
