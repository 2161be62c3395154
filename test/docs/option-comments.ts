import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './pages.js';

/** What the comment of an option says. */
export interface OptionComment {
  /** Its first paragraph. */
  readonly sentence: string;
  /** The text of `@default`. */
  readonly default: string | undefined;
}

/** The comments of all options of `forRoot()`, by their paths, as an editor shows them. */
export const optionComments = (): Map<string, OptionComment> => {
  const folder = join(ROOT, 'lib/config');
  const file = join(folder, 'options.ts');
  const program = ts.createProgram(
    readdirSync(folder).map((name) => join(folder, name)),
    // Nothing outside of the folder matters to the comments
    { module: ts.ModuleKind.NodeNext, lib: ['lib.es5.d.ts'], types: [], strict: true, noResolve: true },
  );
  const checker = program.getTypeChecker();
  const [symbol] = checker
    .getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(file)!)!)
    .filter(({ name }) => name === 'CodexRedisOptions');
  const comments = new Map<string, OptionComment>();
  const visit = (type: ts.Type, prefix: string): void => {
    for (const member of checker.getNonNullableType(type).getProperties()) {
      const path = prefix + member.name;
      const text = ts.displayPartsToString(member.getDocumentationComment(checker));
      const [standard] = member.getJsDocTags(checker).filter(({ name }) => name === 'default');
      comments.set(path, {
        sentence: text.split('\n\n')[0]!.replaceAll('\n', ' '),
        default: standard && ts.displayPartsToString(standard.text),
      });
      const inner = checker.getNonNullableType(checker.getTypeOfSymbol(member));
      if (declaresOptions(inner)) visit(inner, `${path}.`);
    }
  };
  visit(checker.getDeclaredTypeOfSymbol(symbol!), '');
  return comments;
};

const declaresOptions = (type: ts.Type): boolean =>
  type
    .getProperties()
    .some(({ declarations = [] }) =>
      declarations.some((declaration) => declaration.getSourceFile().fileName.includes('/lib/config/')),
    );
