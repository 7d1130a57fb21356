export { contextModule } from './injection/context-module.js';
