import type { MarkdownOptions } from 'vitepress';

type Transformer = NonNullable<MarkdownOptions['codeTransformers']>[number];

/** The class in theme/style.css that stands for the two colours, light and dark, which the themes give a token. */
const CLASSES = new Map([
  ['--shiki-light:#D73A49;--shiki-dark:#F97583', 'k'],
  ['--shiki-light:#6F42C1;--shiki-dark:#B392F0', 'f'],
  ['--shiki-light:#032F62;--shiki-dark:#9ECBFF', 's'],
  ['--shiki-light:#005CC5;--shiki-dark:#79B8FF', 'n'],
  ['--shiki-light:#E36209;--shiki-dark:#FFAB70', 'p'],
  ['--shiki-light:#6A737D;--shiki-dark:#6A737D', 'c'],
  ['--shiki-light:#24292E;--shiki-dark:#E1E4E8', 't'],
]);

/** Code has a letter for a token in place of its two colours, which would be half of many a page. */
export const shortTokens: Transformer = {
  name: 'short-tokens',
  span(node) {
    const style = String(node.properties.style).replace(/;$/, '');
    const name = CLASSES.get(style);
    if (name === undefined) return;
    delete node.properties.style;
    node.properties.class = name;
  },
};
