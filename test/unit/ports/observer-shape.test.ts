import { describe, expect, test } from 'vitest';
import { executionEventTypes } from '../../../src/ports/execution-observer.js';
import { eventProblem, observerProblem } from '../../../src/ports/observer-shape.js';

const ignore = (): void => undefined;

describe('an observer', () => {
  test('has methods that are named like events, and others as it likes', () => {
    const all = Object.fromEntries(executionEventTypes.map((type) => [type, ignore]));
    class Counting {
      itemCount = 0;
      itemFailed(): void {
        this.bump();
      }
      bump(): void {
        this.itemCount += 1;
      }
      report(): string {
        return String(this.itemCount);
      }
    }

    for (const given of [{}, all, new Counting(), { itemFailed: undefined }, Object.create(null)])
      expect(observerProblem(given)).toBeUndefined();
  });

  test.each([
    ['itemFaild', 'itemFailed'],
    ['itemFialed', 'itemFailed'],
    ['pipelineStart', 'pipelineStarted'],
    ['nodestarted', 'nodeStarted'],
    ['iteMFailed', 'itemFailed'],
  ])('with the method %s means %s', (misspelt, meant) => {
    expect(observerProblem({ [misspelt]: ignore })).toContain(
      `there is no event '${misspelt}', '${meant}' may be meant`,
    );
  });

  test('with a method that is far from every name means one of those about the same', () => {
    expect(observerProblem({ compositeEnded: ignore })).toContain(
      "there is no event 'compositeEnded', 'compositeStarted' or 'compositeCompleted' may be meant",
    );
    expect(observerProblem({ progressMade: ignore })).toContain(
      "there is no event 'progressMade', 'progress' may be meant",
    );
  });

  test('may have the methods of readings, which are no events of RunEvents', () => {
    for (const reading of ['nodeMeasured', 'progress']) {
      expect(observerProblem({ [reading]: ignore })).toBeUndefined();
      expect(eventProblem(reading)).toContain(`there is no event '${reading}' (known: pipelineStarted`);
    }
  });

  test('is judged by what it inherits too, and no accessor is called', () => {
    class Base {
      itemSkiped(): void {
        // Never called.
      }
    }
    class Sub extends Base {
      get nodeOf(): never {
        throw new Error('asked');
      }
    }

    expect(observerProblem(new Sub())).toContain("'itemSkipped' may be meant");
  });

  test('is an object, and what an event is called is a function', () => {
    for (const given of [null, 7, 'observer', ignore, [{}], Promise.resolve({})])
      expect(observerProblem(given)).toContain('an observer: an object with methods');
    expect(observerProblem({ itemFailed: 'yes' })).toContain("whose 'itemFailed' is a function");
  });

  test('that cannot be asked is none of our concern', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();

    expect(() => observerProblem(proxy)).not.toThrow();
  });
});
