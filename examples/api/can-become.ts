import { canBecome } from 'heirline';

console.log(canBecome('pending', 'running'), canBecome('running', 'timeout'));
console.log(canBecome('pending', 'success'), canBecome('interrupted', 'success'));

// prints
// true true
// false false
