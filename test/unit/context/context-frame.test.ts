import { describe, expect, test } from 'vitest';
import { CompositeContextConfiguration } from '../../../src/context/composite-context-configuration.js';
import { ContextServices } from '../../../src/context/context-services.js';
import { ExecutionIds } from '../../../src/context/execution-ids.js';
import { silentLogger } from '../../../src/ports/logger.js';
import { childOf, inheritance, rootFrame } from '../support/frames.js';
import { runServices } from '../support/run-parts.js';

const services = {
  executionObserver: {},
  lineageSink: { record: () => undefined },
  deadLetterSink: { write: () => undefined },
  deadLetterDecorator: <T>(envelope: T): T => envelope,
};

describe('a child’s frame', () => {
  test('takes what its parent has at this moment', () => {
    const parent = rootFrame({ items: { a: 1 } });
    const first = childOf(parent, { inheritParentItems: true });
    parent.dictionary('items').set('b', 2);
    const second = childOf(parent, { inheritParentItems: true });

    expect([...first.dictionary('items').keys()]).toEqual(['a']);
    expect([...second.dictionary('items').keys()]).toEqual(['a', 'b']);
  });

  test('is no way up to the parent, nor across to a sibling', () => {
    const parent = rootFrame({ items: { a: 1 } });
    const [one, other] = [
      childOf(parent, { inheritParentItems: true }),
      childOf(parent, { inheritParentItems: true }),
    ];
    one.dictionary('items').set('a', 2).set('b', 2);

    expect(parent.dictionary('items').toObject()).toEqual({ a: 1 });
    expect(other.dictionary('items').toObject()).toEqual({ a: 1 });
  });

  test('shares the layer of a parent that inherits all: nothing is copied', () => {
    const parent = rootFrame({ items: { a: 1 } });

    expect(childOf(parent, { inheritParentItems: true }).base('items')).toBe(parent.layer('items'));
  });

  test('has the identity of the run, or one of its own', () => {
    const parent = rootFrame();
    const own = childOf(parent, { inheritRunIdentity: false });

    expect(childOf(parent).identity).toBe(parent.identity);
    expect(own.identity.get('runId')).not.toBe(parent.identity.get('runId'));
    expect(own.identity.get('parentRunId')).toBe(parent.identity.get('runId'));
  });

  test('has a pipeline id of its own, in one numbering for the run', () => {
    const parent = rootFrame();
    const ids = [parent, childOf(parent), childOf(parent)].map(({ pipelineId }) => pipelineId);

    expect(new Set(ids).size).toBe(3);
    expect(parent.pipelineId).toBe(parent.pipelineId);
  });
});

describe('the services of a child', () => {
  const given = new ContextServices({ ...services, logger: silentLogger }, runServices());
  const base = inheritance(CompositeContextConfiguration.default);
  const isolated = inheritance(CompositeContextConfiguration.isolated);

  test('are the parent’s own where all are inherited', () => {
    expect(given.narrow(base)).toBe(given);
  });

  test('are made once per composite', () => {
    expect(given.narrow(isolated)).toBe(given.narrow(isolated));
  });

  const switches = [
    ['inheritExecutionObserver', ['executionObserver']],
    ['inheritLineageSink', ['lineageSink']],
    ['inheritDeadLetterDecorator', ['deadLetterSink', 'deadLetterDecorator']],
  ] as const;
  for (const [option, withheld] of switches) {
    test(`without ${option} lack ${withheld.join(' and ')} alone`, () => {
      const narrowed = given.narrow(inheritance(CompositeContextConfiguration.create({ [option]: false })));
      const names = Object.keys(services) as (keyof typeof services)[];

      expect(names.filter((name) => narrowed[name] === undefined)).toEqual(withheld);
      expect(narrowed.logger).toBe(silentLogger);
    });
  }

  test('keep the logger, whatever the configuration', () => {
    const logger = { ...silentLogger };

    expect(new ContextServices({ logger }, runServices()).narrow(isolated).logger).toBe(logger);
  });
});

test('execution ids of one run share a prefix and are counted; those of two runs do not meet', () => {
  const [one, other] = [new ExecutionIds(), new ExecutionIds()];
  const [first, second] = [one.next(), one.next()];

  expect(first).toMatch(/-1$/);
  expect(second).toBe(first.replace(/-1$/, '-2'));
  expect(other.next()).not.toBe(first);
});
