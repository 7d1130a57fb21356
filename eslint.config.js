import { existsSync } from 'node:fs';
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  // Without its packages, what bench/peers does with them has no types.
  globalIgnores(['dist/', '**/build/', ...(existsSync('bench/node_modules') ? [] : ['bench/peers/'])]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // Ports and nodes are async or generators because their interface says so, whatever the body needs.
      '@typescript-eslint/require-await': 'off',
      'require-yield': 'off',
      // A decorated class may hold nothing but its decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 350, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      // `get<T>(name)` beside `get(key)`, and node classes whose TIn stands in one method, are the public API.
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/unified-signatures': 'off',
    },
  },
  {
    files: ['src/**/*.ts'],
    // Errors stand below the safe look at values: what is asked there is asked in a guard.
    ignores: ['src/errors/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          // A value that users gave may be a proxy that throws when it is asked for its prototype.
          selector:
            "BinaryExpression[operator='instanceof'][right.name=/^(Promise|Map|Set|Date|.*Error|ErrorPolicy|PipelineContext|RunContext|Secret|BoundLogger)$/]",
          message: 'Use isInstanceOf, isError, isPromise or containerKind of src/data/foreign-value.ts.',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'examples/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-extraneous-class': 'off',
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // Nodes that throw or reject with something that is no error are part of what is tested.
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // So are values that the types promise never to be undefined.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      // `expect(object.method)` calls nothing.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
