import { NoContextError, requireContext, withContext } from 'heirline';

const user = () => requireContext().parameters.get('user');

try {
  user(); // no pipeline is running
} catch (error) {
  console.log(error instanceof NoContextError && error.code);
}
console.log(await withContext({ parameters: { user: 'Ada' } }, user));

// prints
// NO_CONTEXT
// Ada
