import { contextKey, PipelineContext } from 'heirline';

const Rate = contextKey<number>('rate');
const PageSize = contextKey('pageSize', { default: 50 });

const { parameters } = new PipelineContext({ parameters: [[Rate, 0.2]] });
const rate: number = parameters.require(Rate); // typed by the key
console.log(rate, parameters.get('rate'), parameters.get(PageSize));

// prints
// 0.2 0.2 50
