import { report } from './report.js';
import { runFilms } from './run-films.js';

console.log(report(await runFilms()));
