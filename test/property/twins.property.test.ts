import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { forms } from './support/twin-build.js';
import {
  commonEvents,
  expectedEvents,
  modelledEvents,
  commonLineage,
  commonOf,
  expectedOf,
  modelledOf,
} from './support/twin-compare.js';
import { runs } from './support/runs.js';
import { levelOf } from './support/twin-graph.js';
import { Model } from './support/twin-model.js';
import { observe, type Observed, type Variant } from './support/twin-run.js';
import { twinSpecs, type TwinSpec } from './support/twin-spec.js';

/** Every pace with and without somebody who looks on: the short ways are open only where nobody does. */
function variantsOf({ seed }: TwinSpec): readonly [Variant, ...Variant[]] {
  const form = (index: number) => forms[(seed + index) % forms.length] ?? 'array';
  return [
    { pace: 'sync', form: 'array', observed: false, lineage: false, generated: true },
    { pace: 'sync', form: 'array', observed: false, lineage: false, generated: false },
    { pace: 'sync', form: form(0), observed: true, lineage: true, generated: true },
    { pace: 'async', form: form(1), observed: false, lineage: false, generated: true },
    { pace: 'async', form: form(2), observed: true, lineage: false, generated: false },
    { pace: 'mixed', form: form(3), observed: false, lineage: true, generated: true },
    { pace: 'mixed', form: form(4), observed: false, lineage: false, generated: true },
    { pace: 'mixed', form: form(5), observed: false, lineage: false, generated: false },
    { pace: 'mixed', form: form(6), observed: true, lineage: true, generated: true },
  ];
}

async function expectTwins(spec: TwinSpec): Promise<void> {
  const root = levelOf(spec);
  const model = new Model(root, spec.letters);
  const seen: { variant: Variant; observed: Observed }[] = [];
  for (const variant of variantsOf(spec)) {
    const observed = await observe(spec, root, variant);
    expect({ variant, wrong: observed.wrong }).toEqual({ variant, wrong: [] });
    expect({ variant, ...modelledOf(observed, root, model) }).toEqual({
      variant,
      ...expectedOf(root, model),
    });
    const { events } = observed;
    if (events !== undefined) {
      const told = modelledEvents(events, root, model);
      expect({ variant, told }).toEqual({ variant, told: expectedEvents(root, model) });
    }
    seen.push({ variant, observed });
  }
  const [first] = seen;
  const [firstEvents] = seen.map(({ observed }) => observed.events).filter((events) => events !== undefined);
  const [firstLineage] = seen
    .map(({ observed }) => observed.lineage)
    .filter((records) => records !== undefined);
  for (const { variant, observed } of seen) {
    const wanted = first && commonOf(first.observed, root, model);
    expect({ variant, ...commonOf(observed, root, model) }).toEqual({ variant, ...wanted });
    const { events, lineage } = observed;
    if (events !== undefined && firstEvents !== undefined) {
      const [one, other] = [firstEvents, events].map((each) => commonEvents(each, root, model));
      expect({ variant, events: other }).toEqual({ variant, events: one });
    }
    if (lineage !== undefined && firstLineage !== undefined) {
      const [one, other] = [firstLineage, lineage].map((each) => commonLineage(each, root, model));
      expect({ variant, lineage: other }).toEqual({ variant, lineage: one });
    }
  }
}

describe('the same pipeline at every pace, from every kind of source, watched or not', () => {
  test('does the same in the same order where nothing overlaps, failures included', async () => {
    await fc.assert(fc.asyncProperty(twinSpecs({ overlaps: false, depth: 3 }), expectTwins), runs(180));
  });

  test('does the same with every item where branches, lanes and sources overlap', async () => {
    await fc.assert(fc.asyncProperty(twinSpecs({ overlaps: true, depth: 2 }), expectTwins), runs(180));
  });
});
