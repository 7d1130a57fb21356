import { contextKey } from 'heirline';
import type { ModelService } from './model-service.js';
import type { PriceTable } from './price-table.js';
import type { Answer, Ticket } from './tenant.js';

// Parameters: of one tenant.
export const Inbox = contextKey<readonly Ticket[]>('inbox');
export const Signature = contextKey<string>('signature');
export const Model = contextKey<string>('model');

// Context items: services that all tenants share, and the place where a tenant's answers go.
export const Models = contextKey<ModelService>('models');
export const Prices = contextKey<PriceTable>('prices');
export const Outbox = contextKey<(answer: Answer) => unknown>('outbox');

/** The secret that every tenant has, each its own. */
export const API_KEY = 'API_KEY';
