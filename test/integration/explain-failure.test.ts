import { afterEach, expect, it, vi } from 'vitest';
import { FilmsPipeline } from '../../examples/films/films-pipeline.js';
import { RepairLog } from '../../examples/films/repairs.js';
import { explainFailure } from '../../examples/format/explain-failure.js';
import { runPipeline } from 'heirline';

afterEach(() => {
  process.exitCode = undefined;
});

const film = {
  Title: 'Alien',
  'Release Date': 'May 25 1979',
  'US Gross': 80_930_630,
  'Worldwide Gross': 203_630_630,
};

it('shows where an example has failed and with which item, and has the process end with 1', async () => {
  const shown = vi.spyOn(console, 'error').mockReturnValue();
  await explainFailure(async () => {
    const films = new FilmsPipeline([film], () => {
      throw new Error('the disk is full');
    });
    await runPipeline(films, { parameters: { newestYear: 2011 }, items: { repairs: new RepairLog() } });
  });

  const [[text] = []] = shown.mock.calls;
  expect(text).toContain('└─ clean ✗');
  expect(text).toContain('the disk is full');
  expect(text).toContain("title: 'Alien'");
  expect(process.exitCode).toBe(1);
});

it('leaves an example alone that succeeds', async () => {
  await explainFailure(() => Promise.resolve());

  expect(process.exitCode).toBeUndefined();
});
