import eslint from '@eslint/js';
import rxjs from 'eslint-plugin-rxjs-x';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

export default defineConfig(
  // The bench's peers need packages that are not installed with the project: nothing is known of their types.
  { ignores: ['dist/', 'build/', 'bench/peers/', 'examples/angular/', 'docs/.vitepress/{cache,dist}/'] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  rxjs.configs.strict,
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.spec.json', 'tsconfig.examples.json', 'tsconfig.scripts.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: 'error',
      'no-console': 'error',
      // A number or a boolean in a message needs no ceremony.
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // `() => socket.destroy()` is how RxJS teardowns and callbacks are written.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // An empty method is a complete implementation of many a callback (a sink, a receiver that ignores flushes).
      '@typescript-eslint/no-empty-function': 'off',
      // noUncheckedIndexedAccess makes `bytes[i]` undefined-able in loops that have just checked i; `!` says so.
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Transport errors are `unknown` by contract: whatever the peer's library threw is passed on unchanged.
      'rxjs-x/throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      // firstValueFrom() without a default rejects with EmptyError, which says more than any default would.
      'rxjs-x/no-ignored-default-value': 'off',
      // `while (true)` around a parser's `yield*` is the plainest way to say "until the stream ends".
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // An empty string counts as missing where a default follows.
      '@typescript-eslint/prefer-nullish-coalescing': ['error', { ignorePrimitives: { string: true } }],
    },
  },
  {
    files: ['src/**'],
    rules: {
      // The library implements observables: inside `new Observable(…)` it subscribes to inner ones by hand, where an
      // operator would add a layer between the wire and the subscriber.
      'rxjs-x/no-nested-subscribe': 'off',
      // void is what a drain signal carries.
      '@typescript-eslint/no-invalid-void-type': 'off',
    },
  },
  {
    files: ['spec/**', 'fuzz/**'],
    rules: {
      // A spec looks at the moment of a read by subscribing at that moment, also inside another one's `next`, and an
      // error it does not expect fails it through jasmine's handler.
      'rxjs-x/no-nested-subscribe': 'off',
      'rxjs-x/no-ignored-error': 'off',
      // A spec names the error it expects; another one fails it.
      'rxjs-x/no-implicit-any-catch': 'off',
      // `expect(transport.pause).toHaveBeenCalled()` names a method without calling it.
      '@typescript-eslint/unbound-method': 'off',
      // Fakes are often async or generator functions in shape only.
      '@typescript-eslint/require-await': 'off',
      'require-yield': 'off',
    },
  },
  {
    files: ['examples/**', 'bench/**'],
    rules: {
      // They print, and end the process by an error nobody handles, as short programs should.
      'no-console': 'off',
      'rxjs-x/no-ignored-error': 'off',
      // Programs for readers: an observable is seen by its name. (The library's own names are fixed by its contract.)
      'rxjs-x/finnish': [
        'error',
        { functions: false, methods: false, parameters: false, properties: false, strict: false },
      ],
    },
  },
  {
    files: ['fuzz/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.js'],
    rules: {
      'no-console': 'off',
      // Tools talk to untyped programs (karma, dependency-cruiser, package.json): `any` is honest there, and the
      // compiler still checks the rest (tsconfig.scripts.json).
      '@typescript-eslint/no-explicit-any': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      // JavaScript has no types to infer a callback's parameters from, and the compiler knows the globals better.
      'no-undef': 'off',
    },
  },
);
