import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { COUNTERS } from './counters.js';

/**
 * Copies compiled code, with a counter in each block of what is below `src`: of functions, branches, loops, and the
 * operands that are evaluated only sometimes. Counting costs little enough to look at each single run, which the
 * engine's own coverage does not. Returns the number of blocks.
 */
export function instrument(from: string, to: string): number {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, 'package.json'), '{ "type": "module" }');
  cpSync(join(from, 'fuzz'), join(to, 'fuzz'), { recursive: true });
  let blocks = 0;
  const files = readdirSync(join(from, 'src'), { recursive: true, encoding: 'utf8' }).sort();
  for (const file of files.filter((name) => name.endsWith('.js'))) {
    const source = ts.createSourceFile(
      file,
      readFileSync(join(from, 'src', file), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const counting = new Counting(blocks);
    const { transformed } = ts.transform(source, [counting.factory]);
    blocks = counting.blocks;
    const target = join(to, 'src', file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(
      target,
      `const __n = globalThis.${COUNTERS};\n${ts.createPrinter().printFile(transformed[0]!)}`,
    );
  }
  return blocks;
}

const OPERATORS = [
  ts.SyntaxKind.AmpersandAmpersandToken,
  ts.SyntaxKind.BarBarToken,
  ts.SyntaxKind.QuestionQuestionToken,
];

class Counting {
  readonly factory: ts.TransformerFactory<ts.SourceFile>;

  constructor(public blocks: number) {
    this.factory = (context) => (file) => {
      const visit = (node: ts.Node): ts.Node => this.#counted(ts.visitEachChild(node, visit, context));
      return ts.visitEachChild(file, visit, context);
    };
  }

  #counted(node: ts.Node): ts.Node {
    const { factory } = ts;
    if (ts.isBlock(node) && this.#isOfFunction(node)) return this.#block(node);
    if (ts.isArrowFunction(node) && !ts.isBlock(node.body)) {
      const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken } = node;
      const body = this.#expression(node.body);
      return factory.updateArrowFunction(
        ...([node, modifiers, typeParameters, parameters, type, equalsGreaterThanToken, body] as const),
      );
    }
    if (ts.isIfStatement(node)) {
      const { expression, thenStatement, elseStatement = factory.createBlock([]) } = node;
      return factory.updateIfStatement(
        ...([node, expression, this.#block(thenStatement), this.#block(elseStatement)] as const),
      );
    }
    if (ts.isForStatement(node))
      return factory.updateForStatement(
        ...([node, node.initializer, node.condition, node.incrementor, this.#block(node.statement)] as const),
      );
    if (ts.isForOfStatement(node))
      return factory.updateForOfStatement(
        ...([
          node,
          node.awaitModifier,
          node.initializer,
          node.expression,
          this.#block(node.statement),
        ] as const),
      );
    if (ts.isWhileStatement(node))
      return factory.updateWhileStatement(node, node.expression, this.#block(node.statement));
    if (ts.isDoStatement(node))
      return factory.updateDoStatement(node, this.#block(node.statement), node.expression);
    if (ts.isCaseClause(node))
      return factory.updateCaseClause(node, node.expression, [this.#statement(), ...node.statements]);
    if (ts.isDefaultClause(node))
      return factory.updateDefaultClause(node, [this.#statement(), ...node.statements]);
    if (ts.isConditionalExpression(node)) {
      const { condition, questionToken, whenTrue, colonToken, whenFalse } = node;
      return factory.updateConditionalExpression(
        ...([node, condition, questionToken, this.#expression(whenTrue), colonToken] as const),
        this.#expression(whenFalse),
      );
    }
    if (ts.isBinaryExpression(node) && OPERATORS.includes(node.operatorToken.kind))
      return factory.updateBinaryExpression(
        node,
        node.left,
        node.operatorToken,
        this.#expression(node.right),
      );
    return node;
  }

  // Of a new block nothing is known but its statements; whose it is says the one that it was made of.
  #isOfFunction(node: ts.Node): boolean {
    const parent = ts.getOriginalNode(node).parent as ts.Node | undefined;
    return parent !== undefined && (ts.isFunctionLike(parent) || ts.isCatchClause(parent));
  }

  #block(statement: ts.Statement): ts.Block {
    const statements = ts.isBlock(statement) ? statement.statements : [statement];
    return ts.factory.createBlock([this.#statement(), ...statements], true);
  }

  #statement(): ts.Statement {
    return ts.factory.createExpressionStatement(this.#count());
  }

  #expression(expression: ts.Expression): ts.Expression {
    return ts.factory.createParenthesizedExpression(ts.factory.createComma(this.#count(), expression));
  }

  #count(): ts.Expression {
    const { factory } = ts;
    return factory.createPostfixIncrement(
      factory.createElementAccessExpression(factory.createIdentifier('__n'), this.blocks++),
    );
  }
}
