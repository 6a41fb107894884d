// Answers what a page's reader asks, away from the page, which can end it: a console line, in a shell (just-bash) whose
// commands are the book's programs (WebAssembly, in a WASI shim), or a twin on CPython (pyodide).
// Both shell and shim are bundled with this file by esbuild; pyodide is loaded when a twin is run.
import { Bash, defineCommand } from "just-bash/browser";
import { WASI, File, Directory, OpenFile, PreopenDirectory, ConsoleStdout } from "@bjorn3/browser_wasi_shim";
import { applyPatch } from "diff";

const text = async (path) => (await fetch(path)).text();
const contents = text("contents.json").then(JSON.parse); // what there is in the book's folder: {programs, files}

async function directory(fs, path) {
    const entries = new Map();
    for (const { name, isDirectory } of await fs.readdirWithFileTypes(path)) {
        const at = `${path}/${name}`;
        entries.set(name, isDirectory ? await directory(fs, at) : new File(await fs.readFileBuffer(at)));
    }
    return new Directory(entries);
}

async function written(fs, path, folder) {
    await fs.rm(path, { recursive: true, force: true });
    await fs.mkdir(path);
    for (const [name, entry] of folder.contents) {
        const at = `${path}/${name}`;
        await (entry instanceof Directory ? written(fs, at, entry) : fs.writeFile(at, entry.data));
    }
}

// A program sees copies of the shell's files, and what it has changed is written back. WASI has no current directory:
// wasi-libc takes the opened one whose name a path begins with, and "." for the rest; "/" is the same to it as ".".
async function run(name, merged, args, { fs, cwd, env, stdin }) {
    const said = { 1: [], 2: [] };
    const stream = (n) => new ConsoleStdout((data) => said[merged ? 1 : n].push(data));
    const top = new Map();
    for (const name of ["book", "tmp", "dev"]) top.set(name, await directory(fs, `/${name}`));
    const here = cwd
        .split("/")
        .slice(1)
        .reduce((folder, name) => folder.get(name).contents, top);
    const opened = [...top].map(([name, { contents }]) => new PreopenDirectory(`/${name}`, contents));
    const input = new OpenFile(new File(Uint8Array.from(stdin, (c) => c.charCodeAt(0)))); // bytes, as characters
    const descriptors = [input, stream(1), stream(2), new PreopenDirectory(".", here), ...opened];
    const wasi = new WASI(
        [name, ...args],
        [...env].map((pair) => pair.join("=")),
        descriptors,
    );
    wasi.wasiImport.path_readlink = () => 28; // EINVAL: it is no link, as nothing here is
    const program = fetch(`programs/${name}.wasm`);
    const exitCode = await WebAssembly.instantiateStreaming(program, { wasi_snapshot_preview1: wasi.wasiImport })
        .then(({ instance }) => wasi.start(instance))
        .catch(({ message }) => {
            said[2].push(`${name}: ${message}\n`);
            return 139;
        });
    for (const [name, folder] of top) await written(fs, `/${name}`, folder);
    return { stdout: await new Blob(said[1]).text(), stderr: await new Blob(said[2]).text(), exitCode };
}

// Plays `setup`, silently, and then the command, from the start each time: nothing depends on what was run before.
async function shell({ setup = [], command, files = {} }) {
    const { programs, files: paths } = await contents;
    const program = /(?:\$OLDPWD\/|\.\/)?build\/\w+\/(\w+_(?:demo|twin))/g;
    const line = command.replace(program, "$1");
    const before = setup.map((other) => `{ ${other.replace(program, "$1")}\n} >/dev/null 2>&1\n`).join("");
    const merged = /2>&1/.test(line) || !/2>|_(demo|twin)\b[^;]*\|/.test(line);
    const there = { "/dev/null": "", "/tmp/.keep": "", ...files };
    for (const path of paths) if ((before + line).includes(path)) there[`/book/${path}`] = await text(path);
    const runs = (name) => defineCommand(name, (...given) => run(name, merged, ...given));
    const env = { NO_COLOR: "1", LC_ALL: "C.UTF-8", PYTHONHASHSEED: "0" };
    const mktemp = "mktemp() { local made=/tmp/tmp.$RANDOM; mkdir $made; echo $made; }\n";
    const bash = new Bash({ cwd: "/book", files: there, customCommands: programs.map(runs), env });
    const { stdout, stderr } = await bash.exec(mktemp + before + line);
    return stdout + stderr;
}

// The same program twice, as tools/twin does it: changed-32.sed, and each changed-3.N.diff up to the page's CPython.
async function twin({ room, source }) {
    const { loadPyodide } = await import("./pyodide/pyodide.mjs");
    const python = await loadPyodide({ env: { PYTHONHASHSEED: "0", HOME: "/" } });
    const proof = `${room}/proof/`;
    const paths = (await contents).files.filter((path) => path.startsWith(proof));
    for (const path of paths.filter((path) => /\.(py|inc)$/.test(path)))
        python.FS.writeFile(`/tmp/${path.slice(proof.length)}`, await text(path)); // what it may read
    python.FS.writeFile("/tmp/twin.py", source);
    const said = [];
    python.setStdout({ write: (data) => (said.push(data.slice()), data.length) }); // the gc would count another sys.stdout
    const version = python.runPython(`
import runpy, sys, traceback
try:
    runpy.run_path("/tmp/twin.py", run_name="__main__")
except BaseException:
    traceback.print_exc(-3, sys.stdout)
sys.stdout.flush()
sys.version.split()[0]`);
    const theirs = await new Blob(said).text();
    const minor = Number(version.split(".")[1]);
    const changed = paths.filter((path) => /changed-/.test(path) && !(path.match(/3\.(\d+)\.diff/)?.[1] > minor));
    const sed = changed.filter((path) => /sed$/.test(path)).map((path) => ` | sed -E -f ${path}`);
    let ours = await shell({ command: `${room.split("/")[1]}_twin${sed}` });
    for (const path of changed.filter((path) => /diff$/.test(path))) ours = applyPatch(ours, await text(path));
    return { ours, theirs, changed, version };
}

onmessage = ({ data }) => {
    const answer = { shell, twin }[data.what](data);
    answer.then((said) => postMessage({ said })).catch((error) => postMessage({ error: String(error) }));
};
