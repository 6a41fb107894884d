// Answers what a page's reader asks, away from the page, which can end it: a console line, in a shell (just-bash) whose
// commands are the book's programs (WebAssembly, in a WASI shim), or a twin on CPython (pyodide).
// Both shell and shim are bundled with this file by esbuild; pyodide is loaded when a twin is run.
import { Bash, defineCommand } from "just-bash/browser";
import { WASI, File, Directory, OpenFile, PreopenDirectory, ConsoleStdout } from "@bjorn3/browser_wasi_shim";
import { applyPatch } from "diff";

const base = new URL(".", import.meta.url).href;
const text = async (path) => (await fetch(base + path)).text();
let contents; // what there is in the book's folder: {programs, files}

async function directory(fs, path) {
    const entries = new Map();
    for (const name of await fs.readdir(path)) {
        const at = `${path}/${name}`, { isDirectory } = await fs.stat(at);
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
// wasi-libc takes the opened one whose name a path begins with, and "." for the rest.
async function run(name, merged, args, { fs, cwd, env, stdin }) {
    const said = { 1: "", 2: "" }, top = {};
    const stream = (n, decoder = new TextDecoder()) =>
        new ConsoleStdout((data) => (said[n] += decoder.decode(data, { stream: true })));
    for (const path of ["/book", "/tmp", "/dev"]) top[path] = await directory(fs, path);
    const [, first, ...below] = cwd.split("/");
    const here = below.reduce((folder, part) => folder.contents.get(part), top[`/${first}`]);
    const opened = Object.entries({ ".": here, ...top }).map(([path, at]) => new PreopenDirectory(path, at.contents));
    const input = new OpenFile(new File(Uint8Array.from(stdin, (c) => c.charCodeAt(0)))); // bytes, as characters
    const out = stream(1), streams = [input, out, merged ? out : stream(2)];
    const wasi = new WASI([name, ...args], [...env].map((pair) => pair.join("=")), [...streams, ...opened]);
    wasi.wasiImport.path_readlink = () => 28; // EINVAL: it is no link, as nothing here is
    let exitCode = 139;
    try {
        const imports = { wasi_snapshot_preview1: wasi.wasiImport };
        const bytes = await (await fetch(`${base}programs/${name}.wasm`)).arrayBuffer();
        exitCode = wasi.start((await WebAssembly.instantiate(bytes, imports)).instance);
    } catch (error) {
        said[2] += `${name}: ${error.message}\n`;
    }
    for (const [path, folder] of Object.entries(top)) await written(fs, path, folder);
    return { stdout: said[1], stderr: said[2], exitCode };
}

// Plays `setup`, silently, and then the command, from the start each time: nothing depends on what was run before.
async function shell({ setup = [], command, files = {} }) {
    const program = /^\$ |(?:\$OLDPWD\/|\.\/)?build\/\w+\/(\w+_(?:demo|twin))/g;
    const lines = [...setup, command].map((line) => line.replace(program, (_, name) => name ?? "")), line = lines.pop();
    const merged = /2>&1/.test(line) || !/2>|_(demo|twin)\b[^;]*\|/.test(line);
    const there = { "/dev/null": "", "/tmp/.keep": "", "/book/.keep": "" };
    for (const path of contents.files) if (`${lines}${line}`.includes(path)) there[`/book/${path}`] = await text(path);
    for (const [name, data] of Object.entries(files)) there[`/book/${name}`] = data;
    let directories = 0;
    const mktemp = async (_, { fs }) => {
        const path = `/tmp/tmp.${directories++}`;
        await fs.mkdir(path);
        return { stdout: `${path}\n`, stderr: "", exitCode: 0 };
    };
    const commands = contents.programs.map((name) => defineCommand(name, (...given) => run(name, merged, ...given)));
    const bash = new Bash({ cwd: "/book", files: there, customCommands: [...commands, defineCommand("mktemp", mktemp)],
        env: { NO_COLOR: "1", LC_ALL: "C.UTF-8", PYTHONHASHSEED: "0" } });
    const silent = lines.map((line) => `{ ${line}\n} >/dev/null 2>&1\n`).join("");
    const { stdout, stderr } = await bash.exec(silent + line);
    return stdout + stderr;
}

// The same program twice, as tools/twin does it: changed-32.sed, and each changed-3.N.diff up to the page's CPython.
async function twin({ room, source }) {
    const { loadPyodide } = await import(`${base}pyodide/pyodide.mjs`);
    const python = await loadPyodide({ env: { PYTHONHASHSEED: "0", HOME: "/" } });
    const folder = `${room}/proof/`, program = `${room.split("/")[1]}_twin`, applied = [];
    let theirs = "", decoder = new TextDecoder();
    python.setStdout({ write: (data) => ((theirs += decoder.decode(data, { stream: true })), data.length) });
    for (const path of contents.files.filter((path) => path.startsWith(folder) && /\.(py|inc)$/.test(path)))
        python.FS.writeFile(`/tmp/${path.slice(folder.length)}`, await text(path)); // what it may read
    python.FS.writeFile("/tmp/twin.py", source);
    const [minor, version] = python.runPython("import sys; (sys.version_info.minor, sys.version.split()[0])").toJs();
    try {
        python.runPython('import runpy; runpy.run_path("/tmp/twin.py", run_name="__main__")');
    } catch (error) {
        theirs += error.message;
    }
    python.runPython("sys.stdout.flush()");
    const changed = (name) => contents.files.includes(folder + name) && applied.push(name);
    const sed = changed("changed-32.sed") ? ` | sed -E -f ${folder}changed-32.sed` : "";
    let ours = await shell({ command: program + sed });
    for (let n = 12; n <= minor; n++)
        if (changed(`changed-3.${n}.diff`)) ours = applyPatch(ours, await text(`${folder}changed-3.${n}.diff`));
    return { ours, theirs, applied, version };
}

onmessage = async ({ data }) => {
    try {
        contents = JSON.parse(await text("contents.json"));
        postMessage({ said: await { shell, twin }[data.what](data) });
    } catch (error) {
        postMessage({ error: String(error.message ?? error) });
    }
};
