import { requireContext, withContext } from 'heirline';

const greet = () => `Hello, ${requireContext().parameters.require<string>('user')}!`;

const line = await withContext({ parameters: { user: 'Ada' } }, (context) => {
  context.onDispose(() => console.log('disposed')); // when the function has settled
  return greet();
});
console.log(line);

// prints
// disposed
// Hello, Ada!
