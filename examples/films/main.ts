import { explainFailure } from '../format/explain-failure.js';
import { report } from './report.js';
import { runFilms } from './run-films.js';

await explainFailure(async () => {
  console.log(report(await runFilms()));
});
