import type { Theme } from 'vitepress';
// System fonts: the site asks nobody else for anything, and shows its text at once.
import DefaultTheme from 'vitepress/theme-without-fonts';
import './style.css';

export default { extends: DefaultTheme } satisfies Theme;
