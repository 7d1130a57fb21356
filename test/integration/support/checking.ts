import { definePipeline } from './harness.js';

/** A pipeline whose node `orders/check` calls a function with each item, for letters that have failed there. */
export function checking(check: (item: number) => unknown) {
  return definePipeline('orders', (builder) => {
    const checked = builder.addTransform(
      async (item: number) => {
        await check(item);
        return item;
      },
      { name: 'check', from: builder.addSource<number>([], 'source'), errorPolicy: 'deadLetter' },
    );
    builder.addSink(() => undefined, { name: 'save', from: checked });
  });
}
