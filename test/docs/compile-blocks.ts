import { join } from 'node:path';
import ts from 'typescript';
import { ROOT } from './pages.js';

/** What the compiler says of these files, with the settings of the repository; of what they import, nothing. */
export const compile = (files: readonly string[]): string[] => {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const program = ts.createProgram({
    rootNames: [...files],
    options: { ...options, noUnusedLocals: false, noUnusedParameters: false },
  });
  const diagnostics = files.flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)));
  return diagnostics.map((diagnostic) => {
    const { file, start = 0, messageText } = diagnostic;
    const message = ts.flattenDiagnosticMessageText(messageText, '\n');
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${file?.fileName.replace(`${ROOT}/`, '') ?? ''}:${line}: ${message}`;
  });
};
