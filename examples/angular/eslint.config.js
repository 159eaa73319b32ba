import { defineConfig } from 'eslint/config';
import project from '../../eslint.config.js';

// The rules of the project, with the packages that are installed here.
export default defineConfig(
  project,
  {
    files: ['**/*.ts'],
    languageOptions: {
      parserOptions: { project: ['tsconfig.spec.json'], tsconfigRootDir: import.meta.dirname },
    },
  },
  { files: ['src/main.ts'], rules: { 'no-console': 'off' } },
  // An error that a test does not expect fails it.
  { files: ['src/**/*.spec.ts', 'src/testing/**'], rules: { 'rxjs-x/no-ignored-error': 'off' } },
);
