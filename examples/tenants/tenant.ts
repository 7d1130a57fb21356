import type { BudgetLimits } from 'heirline';

/** A customer of the desk, with everything that must stay its own. */
export interface Tenant {
  readonly name: string;
  readonly apiKey: string;
  /** What its answers end with. */
  readonly signature: string;
  /** The model that writes its answers. */
  readonly model: string;
  readonly tickets: readonly Ticket[];
  readonly budget?: BudgetLimits | undefined;
  /** Its user closes the page after so many answers. */
  readonly leavesAfter?: number | undefined;
}

export interface Ticket {
  readonly id: string;
  /** Whose ticket it is: every node compares this with what it sees. */
  readonly tenant: string;
  readonly text: string;
}

/** A ticket on its way to an answer. */
export interface Sorted extends Ticket {
  readonly topic: string;
}

export interface Answer extends Sorted {
  readonly answer: string;
}

const names = [
  ...['amber', 'basalt', 'cedar', 'dune', 'ember', 'fjord', 'grove', 'heath', 'indigo', 'juniper'],
  ...['kelp', 'larch', 'moss', 'nettle', 'oak', 'pine', 'quartz', 'reed', 'slate', 'thyme'],
];
const models = ['sage-2', 'lumen-1', 'sage-2', 'preview-x', 'lumen-1'];
const texts = [
  'The parcel has not arrived, and tracking stopped a week ago.',
  'I was charged twice for one order.',
  'How do I change the address of my account?',
  'The lamp came without its plug. Please send one.',
  'Can I return a gift without its receipt?',
];

/** Twenty tenants; one has a small budget, and the user of another one leaves. */
export const tenants: readonly Tenant[] = names.map((name, index) => ({
  name,
  apiKey: `key-of-${name}-${String(7919 * (index + 1))}`,
  signature: `the ${name} team`,
  model: models[index % models.length] ?? '',
  tickets: Array.from({ length: 5 + (index % 4) }, (_, ticket) => ({
    id: `${name}-${String(ticket + 1)}`,
    tenant: name,
    text: texts[(index + ticket) % texts.length] ?? '',
  })),
  budget: name === 'heath' ? { tokens: 450 } : undefined,
  leavesAfter: name === 'nettle' ? 3 : undefined,
}));
