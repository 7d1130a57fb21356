import { register } from 'node:module';

// Preloaded with --import: what is loaded from here on is written to standard error, one URL a line.
register(new URL('./module-log.js', import.meta.url));
