import { PipelineContext } from 'heirline';

const settings = { unit: 'km', limits: [10, 20] };
const { parameters } = new PipelineContext({ parameters: { settings } });

settings.limits.push(99); // changes the caller's object; the context has a copy
parameters.update<typeof settings>('settings', (draft) => draft.limits.push(30)); // copy-on-write
console.log(parameters.get('settings'), parameters.has('rate'));

// prints
// { unit: 'km', limits: [ 10, 20, 30 ] } false
