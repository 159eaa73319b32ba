/**
 * Checks that whoever meets a public name finds in its doc comment what is needed to use it:
 *
 * - each export, each overload and each public member has a sentence. A member that a base class or an interface documents
 *   has that, and `name?: never`, which only keeps another shape out, needs none;
 * - each function, class and constant has an example in ```ts, which `npm run snippets` runs; a type has one, or a {@link}
 *   to an export that has one;
 * - each function, and each class with methods, says what is thrown, or what errors, or that nothing does;
 * - each number says of what it is a number: bytes, milliseconds, connections … A parameter is named where that is said;
 * - each {@link} names an export, or a member of one.
 */
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import ts from 'typescript';
import { summaryLine } from './summary-line.js';

const UNITS = new RegExp(
  String.raw`\b(bits?|bytes?|characters?|digits?|milliseconds?|ms|seconds?|connections?|messages?|frames?|lines?|values?|` +
    String.raw`requests?|attempts?|members?|handlers?|deliver(y|ies)|tries|times|steps?|fields?|reads?|` +
    String.raw`port|file descriptor|status|code|version|sequence|seed|permissions?|how often|0 (to|and) 1)\b`,
  'i',
);
const FAILURES = /\b(errors?|throws?|thrown|rejects?|fails?)\b|Error\b/i;

const counts = { passed: 0, failed: 0 };
/** @type {Map<string, number>} */
const missing = new Map();

/**
 * @param {boolean} ok
 * @param {ts.Node} node
 * @param {string} name
 * @param {string} what is missing
 */
function expect(ok, node, name, what) {
  if (ok) {
    counts.passed++;
    return;
  }
  counts.failed++;
  missing.set(what, (missing.get(what) ?? 0) + 1);
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart());
  console.log(`FAILED ${relative('.', file.fileName)}:${line + 1}: ${name} has no ${what}`);
}

const config = ts.getParsedCommandLineOfConfigFile('tsconfig.json', {}, /** @type {any} */ (ts.sys));
if (!config) throw new Error('tsconfig.json cannot be read');
const program = ts.createProgram(config.fileNames, config.options);
const checker = program.getTypeChecker();

/** @param {ts.Symbol} symbol */
function resolved(symbol) {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** @type {Map<string, ts.Symbol>} */
const exported = new Map();
for (const { types = '' } of Object.values(JSON.parse(readFileSync('package.json', 'utf8')).exports)) {
  const file = program.getSourceFile(types.replace(/^\.\/dist\/(.*)\.d\.ts$/, 'src/$1.ts'));
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) continue;
  for (const symbol of checker.getExportsOfModule(module)) exported.set(symbol.name, resolved(symbol));
}

/** @param {ts.Node} node @returns {string} its doc comments, without what makes them comments */
function docs(node) {
  const at = ts.isVariableDeclaration(node) ? node.parent.parent : node;
  return ts
    .getJSDocCommentsAndTags(at)
    .filter(ts.isJSDoc)
    .map((comment) =>
      comment
        .getText()
        .replace(/^\/\*\*|\*\/$/g, '')
        .replaceAll(/^ *\* ?/gm, ''),
    )
    .join('\n');
}

/** @param {string} text */
function hasSentence(text) {
  return /\w[^]*?[.:]/.test(text.split(/^@\w+|```/m)[0] ?? '') || /^\s*@deprecated \w+/.test(text);
}

/** @param {string} text */
const hasExample = (text) => text.includes('```ts');
/** @param {string} text */
const isInternal = (text) => text.includes('@internal');
/** @param {string} text */
const linksOf = (text) => [...text.matchAll(/\{@link ([^}|\s]+)/g)].map(([, target = '']) => target);

/** @param {ts.Symbol} symbol */
const allDocs = (symbol) => (symbol.declarations ?? []).map(docs).join('\n');

/** @param {string} text of a type */
function linksToExample(text) {
  return linksOf(text).some((target) => {
    const symbol = exported.get(target.split('.')[0] ?? '');
    return symbol !== undefined && hasExample(allDocs(symbol));
  });
}

/** @param {string} target */
function isExport(target) {
  const [name = '', member] = target.replace(/\(\)$/, '').split('.');
  const symbol = exported.get(name);
  if (!symbol) return false;
  return member === undefined || membersOf(symbol).some((other) => ts.symbolName(other) === member);
}

/** @param {ts.Symbol} symbol */
function membersOf(symbol) {
  return checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
}

/** @param {ts.TypeNode | undefined} type @returns {boolean} */
function isNumber(type) {
  if (!type) return false;
  if (type.kind === ts.SyntaxKind.NumberKeyword) return true;
  if (ts.isUnionTypeNode(type)) return type.types.some(isNumber);
  if (ts.isParenthesizedTypeNode(type)) return isNumber(type.type);
  return ts.isFunctionTypeNode(type) && isNumber(type.type);
}

/** @param {ts.Node} node @param {string} name */
function checkLinks(node, name) {
  for (const target of linksOf(docs(node)))
    expect(isExport(target), node, name, `export for its link to ${target}`);
}

/**
 * The parameters that are numbers have a name and a unit in the text.
 *
 * @param {ts.SignatureDeclaration} node @param {string} name @param {string} text
 */
function checkParameters(node, name, text) {
  for (const parameter of node.parameters) {
    if (!isNumber(parameter.type) || ts.isParameterPropertyDeclaration(parameter, parameter.parent)) continue;
    const named = new RegExp(
      String.raw`\`[^\`]*\b${parameter.name.getText()}\b[^\`]*\`|@param ${parameter.name.getText()}\b`,
    );
    expect(
      named.test(text) && UNITS.test(text),
      node,
      name,
      `unit for its parameter ${parameter.name.getText()}`,
    );
  }
}

/**
 * @param {ts.ClassLikeDeclaration | ts.InterfaceDeclaration} owner
 * @param {string} member
 * @returns {boolean} whether a base class or an interface has it, with a comment or from elsewhere
 */
function isInherited(owner, member) {
  return (owner.heritageClauses ?? []).some((clause) =>
    clause.types.some((type) => {
      const property = checker.getTypeAtLocation(type).getProperty(member);
      return property?.declarations?.some(
        (declaration) =>
          !declaration.getSourceFile().fileName.includes('/src/') || hasSentence(docs(declaration)),
      );
    }),
  );
}

/** @param {ts.Node} node */
const isHidden = (node) =>
  ts.canHaveModifiers(node) &&
  (ts.getModifiers(node) ?? []).some(({ kind }) =>
    [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword].includes(kind),
  );

/**
 * @param {string} owner
 * @param {ts.ClassLikeDeclaration | ts.InterfaceDeclaration | ts.TypeLiteralNode} node
 * @param {string} [instead] of the comment of a member that has none
 */
function checkMembers(owner, node, instead = '') {
  /** @type {ts.NamedDeclaration[]} */
  const members = [...node.members];
  for (const member of node.members) {
    if (!ts.isConstructorDeclaration(member) || isInternal(docs(member))) continue;
    checkParameters(member, owner, docs(node) + docs(member));
    members.push(
      ...member.parameters.filter((parameter) => ts.isParameterPropertyDeclaration(parameter, member)),
    );
  }
  for (const member of members) {
    const { name } = member;
    if (!name || ts.isPrivateIdentifier(name) || isHidden(member) || ts.isSetAccessor(member)) continue;
    // The signature behind overloads is not public.
    if (ts.isMethodDeclaration(member) && member.body && hasOverloads(node, name.getText())) continue;
    const text = docs(member) || instead;
    const title = `${owner}.${name.getText()}`;
    if (isInternal(text)) continue;
    const type = /** @type {{ type?: ts.TypeNode }} */ (member).type;
    if (type?.kind === ts.SyntaxKind.NeverKeyword) continue;
    if (!ts.isTypeLiteralNode(node) && text === '' && isInherited(node, name.getText())) continue;
    expect(hasSentence(text), member, title, 'sentence');
    checkLinks(member, title);
    if (ts.isFunctionLike(member) && !ts.isAccessor(member)) checkParameters(member, title, text);
    else if (isNumber(type)) expect(UNITS.test(text), member, title, 'unit');
  }
}

/**
 * What a type is put together of: the comment of an alternative, or else that of the type, is for all its members.
 *
 * @param {string} name @param {ts.TypeNode} type @param {string} text
 */
function checkAlternatives(name, type, text) {
  if (ts.isTypeLiteralNode(type)) checkMembers(name, type, text);
  if (ts.isParenthesizedTypeNode(type)) checkAlternatives(name, type.type, text);
  if (!ts.isUnionTypeNode(type) && !ts.isIntersectionTypeNode(type)) return;
  for (const [i, part] of type.types.entries()) {
    const from = type.types[i - 1]?.end ?? type.pos;
    const [comment = text] =
      /\/\*\*[^]*?\*\//.exec(type.getSourceFile().text.slice(from, part.getStart())) ?? [];
    checkAlternatives(name, part, comment);
  }
}

/** @param {{ members: ts.NodeArray<ts.Node> }} node @param {string} name */
function hasOverloads({ members }, name) {
  const same = members.filter((member) => ts.isMethodDeclaration(member) && member.name.getText() === name);
  return same.length > 1;
}

for (const [name, symbol] of exported) {
  const all = allDocs(symbol);
  const declarations = symbol.declarations ?? [];
  const first = declarations[0];
  if (!first) continue;
  const isType = declarations.every(
    (node) => ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node),
  );
  if (isType) expect(hasExample(all) || linksToExample(all), first, name, 'example, nor a link to one');
  else expect(hasExample(all), first, name, 'example');
  for (const node of declarations) {
    if (ts.isFunctionDeclaration(node) && node.body && declarations.length > 1) continue;
    // Other modules add members to an interface.
    const text = ts.isFunctionDeclaration(node) ? docs(node) : all;
    expect(hasSentence(text), node, name, 'sentence');
    checkLinks(node, name);
    if (ts.isFunctionDeclaration(node)) {
      expect(FAILURES.test(all), node, name, 'errors');
      checkParameters(node, name, all);
    }
    if (ts.isClassDeclaration(node)) {
      const hasMethods = node.members.some((member) => ts.isMethodDeclaration(member));
      if (hasMethods) expect(FAILURES.test(all + node.members.map(docs).join()), node, name, 'errors');
    }
    if (ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node)) checkMembers(name, node);
    if (ts.isTypeAliasDeclaration(node)) checkAlternatives(name, node.type, all);
  }
}
for (const [what, count] of missing) if (count > 3) console.log(`${count} without ${what}`);
console.log(summaryLine('api-docs', counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
