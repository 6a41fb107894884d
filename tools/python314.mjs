// Runs CPython 3.14, compiled to WebAssembly (npm's package pyodide, 314.x), as a command for tools/twin:
//     node python314.mjs FOLDER_WITH_NODE_MODULES FILE | -c CODE | --version
// It has 32 bits, no threads and no processes: for twins whose subject is the language.
import { createRequire } from "node:module";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, what, code] = process.argv.slice(2);
const entry = createRequire(`${folder}/package.json`).resolve("pyodide/pyodide.mjs");
const { loadPyodide } = await import(pathToFileURL(entry));
const python = await loadPyodide({ env: { PYTHONHASHSEED: process.env.PYTHONHASHSEED ?? "0", HOME: "/" } });
python.setStdout({ write: (bytes) => (process.stdout.write(bytes), bytes.length) });
python.setStderr({ write: (bytes) => (process.stderr.write(bytes), bytes.length) });

let program = code;
if (what === "--version") {
    program = "import sys; print('Python', sys.version.split()[0])";
} else if (what !== "-c") {
    const path = `/tmp/${basename(what)}`;
    for (const beside of readdirSync(dirname(what), { withFileTypes: true })) // what it may read
        if (beside.isFile()) python.FS.writeFile(`/tmp/${beside.name}`, readFileSync(join(dirname(what), beside.name)));
    program = `import runpy; runpy.run_path(${JSON.stringify(path)}, run_name='__main__')`;
}
try {
    python.runPython(`import sys\ntry:\n    exec(${JSON.stringify(program)})\nfinally:\n    sys.stdout.flush()`);
} catch (error) {
    const exit = /SystemExit: ?(\w*)/.exec(error.message);
    if (!exit) process.stderr.write(`${error.message}\n`);
    process.exitCode = exit ? Number({ True: 1, False: 0 }[exit[1]] ?? exit[1]) : 1;
}
