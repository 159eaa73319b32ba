/**
 * A plugin of TypeDoc (typedoc.json): how the API reference is cut into pages.
 *
 * What one source file exports is a page below its entry point, together with its options (`serve` and `ServeOptions`), so
 * that they are read together. A page begins with the line that imports its names. Where docs/diagrams has pictures of
 * an export, they stand below the words on it: `writeTo-buffer.svg` at `writeTo`, `reader-lines.svg` at
 * `StreamReader.lines`. What TypeDoc repeats is left out, see scripts/tidy-api-page.js.
 */
import { readdirSync } from 'node:fs';
import { basename } from 'node:path';
import { Converter, DeclarationReflection, ReflectionKind } from 'typedoc';
import { MarkdownPageEvent } from 'typedoc-plugin-markdown';
import { tidyApiPage } from './tidy-api-page.js';

const PACKAGE = 'rxjs-net';
const TYPES = [ReflectionKind.Interface, ReflectionKind.TypeAlias];
/** @type {Record<string, string>} the class that a picture shows a method of, by the first part of its name */
const CLASSES = { reader: 'StreamReader', framed: 'Framed' };
/** The folders below src/, in the order that their pages are listed in. */
const FOLDERS = [
  'observables',
  'server',
  'operators',
  'streams',
  'decoders',
  'bytes',
  'transports',
  'nats',
  'testing',
];
/** @type {Map<DeclarationReflection, string>} the folder below src/ that a page's names come from */
const folders = new Map();

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const entry of project.children ?? []) splitIntoPages(project, entry);
  });
  app.converter.on(Converter.EVENT_RESOLVE_END, ({ project }) => {
    for (const reflection of Object.values(project.reflections)) {
      // It stands at the base, which the page links to.
      if (reflection.isDeclaration() && reflection.inheritedFrom?.reflection)
        project.removeReflection(reflection);
    }
    const names = byName(project);
    for (const reflection of Object.values(project.reflections)) resolveLinks(reflection, names);
    addPictures(names);
  });
  app.renderer.on(/** @type {any} */ (MarkdownPageEvent.END), (/** @type {MarkdownPageEvent} */ page) => {
    const { model } = page;
    page.contents = tidyApiPage(page.contents);
    if (!(model instanceof DeclarationReflection))
      page.contents = page.contents.replace(/^# .*\n\n## .*\n/, '---\nsearch: false\n---\n\n# API\n');
    else if (model.parent?.isDeclaration()) addImport(page, model, model.parent.name);
    else page.contents = entryIndex(model);
  });
}

/**
 * @param {import('typedoc').ProjectReflection} project
 * @param {DeclarationReflection} entry
 */
function splitIntoPages(project, entry) {
  entry.name = entry.name === 'index' ? PACKAGE : `${PACKAGE}/${entry.name}`;
  const exported = entry.children ?? [];
  entry.children = undefined;
  entry.childrenIncludingDocuments = undefined;
  /** @type {Map<string, DeclarationReflection>} */
  const pages = new Map();
  for (const child of exported) {
    const path = project.getSymbolIdFromReflection(child)?.packagePath ?? child.name;
    const file = basename(path, '.ts');
    // Decoder.ts and decoder.ts are one page: many a file system takes their names for the same.
    const key = file.replace(/Options$/, '').toLowerCase();
    let page = pages.get(key);
    if (!page) {
      page = new DeclarationReflection(file, ReflectionKind.Module, entry);
      project.registerReflection(page, undefined, undefined);
      entry.addChild(page);
      pages.set(key, page);
      folders.set(page, path.split('/')[1] ?? '');
    }
    child.parent = page;
    page.addChild(child);
  }
  for (const [key, page] of pages) page.name = pageName(page, key, pages);
}

/**
 * The name of the export that the page is about. Where many are about one thing, that of their file.
 *
 * @param {DeclarationReflection} page
 * @param {string} key
 * @param {Map<string, DeclarationReflection>} pages
 */
function pageName(page, key, pages) {
  const names = (page.children ?? []).map(({ name }) => name.replace('$', ''));
  const main = names.find((name) => name.toLowerCase() === key);
  const [first = page.name] = names;
  return main ?? (names.length > 4 || pages.has(first.toLowerCase()) ? page.name : first);
}

/**
 * The exports by their name, and their members as `StreamReader.lines`.
 *
 * @param {import('typedoc').ProjectReflection} project
 */
function byName(project) {
  /** @type {Map<string, DeclarationReflection>} */
  const names = new Map();
  for (const reflection of Object.values(project.reflections)) {
    // A page is called as one of its exports.
    if (!reflection.isDeclaration() || !reflection.parent || reflection.kindOf(ReflectionKind.Module))
      continue;
    const isExport = reflection.parent.kindOf(ReflectionKind.Module);
    names.set(isExport ? reflection.name : `${reflection.parent.name}.${reflection.name}`, reflection);
  }
  return names;
}

/**
 * A comment may link to what its file does not import: each name is there once.
 *
 * @param {import('typedoc').Reflection} reflection
 * @param {Map<string, DeclarationReflection>} names
 */
function resolveLinks({ comment }, names) {
  for (const part of [comment?.summary, ...(comment?.blockTags ?? []).map(({ content }) => content)].flat()) {
    if (part?.kind !== 'inline-tag' || part.target !== undefined) continue;
    const [name = '', text = name] = part.text.split('|').map((side) => side.trim());
    part.target = names.get(name);
    if (part.target) part.text = text;
  }
}

/** @param {Map<string, DeclarationReflection>} names */
function addPictures(names) {
  for (const diagram of readdirSync('docs/diagrams')
    .map((file) => basename(file, '.svg'))
    .sort()) {
    const [first = '', detail = ''] = diagram.split('-');
    const owner = CLASSES[first] ?? '';
    const place = names.get(`${owner}.${detail}`) ?? names.get(first) ?? names.get(owner);
    const comment = (place?.signatures?.[0] ?? place)?.comment;
    if (!comment) throw new Error(`there is no export that docs/diagrams/${diagram}.svg belongs to`);
    comment.summary.push({
      kind: 'text',
      text: `\n\n![Marbles of ${diagram.replaceAll('-', ', ')}](../../diagrams/${diagram}.svg)`,
    });
  }
}

/** @param {MarkdownPageEvent} page @param {DeclarationReflection} model @param {string} specifier */
function addImport(page, model, specifier) {
  const children = model.children ?? [];
  const types = children.filter((child) => child.kindOf(TYPES)).map(({ name }) => name);
  const values = children.filter((child) => !child.kindOf(TYPES)).map(({ name }) => name);
  const names = values.length === 0 ? types : [...values, ...types.map((name) => `type ${name}`)];
  const line = `import ${values.length === 0 ? 'type ' : ''}{ ${names.join(', ')} } from '${specifier}';`;
  const imports =
    line.length <= 100 ? line : line.replace('{ ', '{\n  ').replaceAll(', ', ',\n  ').replace(' }', ',\n}');
  page.contents = page.contents.replace(/^# .*\n/, (title) => `${title}\n\`\`\`ts\n${imports}\n\`\`\`\n`);
}

/** The page of an entry point: its pages, by the folder of their source. @param {DeclarationReflection} entry */
function entryIndex(entry) {
  const pages = entry.children ?? [];
  const groups = FOLDERS.filter((folder) => pages.some((page) => folders.get(page) === folder));
  const sections = groups.map((group) => {
    const items = pages.filter((page) => folders.get(page) === group).map(listItem);
    return `## ${group.charAt(0).toUpperCase()}${group.slice(1)}\n\n${items.join('\n')}\n`;
  });
  // Its headings would be found before the pages that it lists.
  return `---\nsearch: false\n---\n\n# ${entry.name}\n\n${sections.join('\n')}`;
}

/** @param {DeclarationReflection} page */
function listItem(page) {
  const names = (page.children ?? []).map(({ name }) => name).filter((name) => name !== page.name);
  const others = names.map((name) => `[\`${name}\`](${page.name}.md#${name.toLowerCase().replace('$', '')})`);
  return `- [\`${page.name}\`](${page.name}.md)${others.length === 0 ? '' : `: ${others.join(', ')}`}`;
}
