// Runs what a page's reader asks for, away from the page, which stays alive and can end it: a console line, in a shell
// (just-bash) whose commands are the book's programs (WebAssembly, in a WASI shim), or a twin on CPython (pyodide).
// Both shell and shim are bundled with this file by esbuild; pyodide is loaded when a twin is run.
import { Bash, defineCommand } from "just-bash/browser";
import { WASI, File, Directory, OpenFile, PreopenDirectory, ConsoleStdout } from "@bjorn3/browser_wasi_shim";
import { applyPatch } from "diff";

const base = new URL(".", import.meta.url).href;
const get = async (path) => new Uint8Array(await (await fetch(base + path)).arrayBuffer());
const utf8 = async (path) => new TextDecoder().decode(await get(path));
const bytes = (latin1) => Uint8Array.from(latin1, (c) => c.charCodeAt(0));
const modules = {};
let contents; // what there is in the folder: {programs, files}

async function directory(fs, path) {
    const entries = new Map();
    for (const name of await fs.readdir(path)) {
        const at = `${path}/${name}`, { isDirectory } = await fs.stat(at);
        entries.set(name, isDirectory ? new Directory(await directory(fs, at)) : new File(await fs.readFileBuffer(at)));
    }
    return entries;
}

// A program sees copies of the shell's files, and what it has changed is written back. WASI has no current directory:
// wasi-libc takes the opened one whose name a path begins with, and "." for the rest.
async function run(name, args, { fs, cwd, env, stdin }, merged) {
    const said = { 1: "", 2: "" }, decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
    const stream = (n) => new ConsoleStdout((data) => (said[n] += decoders[n].decode(data, { stream: true })));
    const top = {};
    for (const path of ["/book", "/tmp", "/dev"]) top[path] = new Directory(await directory(fs, path));
    const [, first, ...below] = cwd.split("/");
    const here = below.reduce((folder, part) => folder.contents.get(part), top[`/${first}`]);
    const opened = Object.entries({ ".": here, ...top }).map(([path, folder]) => new PreopenDirectory(path, folder.contents));
    const out = stream(1), wasi = new WASI([name, ...args], [...env].map(([key, value]) => `${key}=${value}`),
        [new OpenFile(new File(bytes(stdin))), out, merged ? out : stream(2), ...opened]);
    wasi.wasiImport.path_readlink = () => 28; // EINVAL: it is no link, as nothing here is
    modules[name] ??= await WebAssembly.compile(await get(`programs/${name}.wasm`));
    let exitCode = 139;
    try {
        exitCode = wasi.start(await WebAssembly.instantiate(modules[name], { wasi_snapshot_preview1: wasi.wasiImport }));
    } catch (error) {
        said[2] += `${name}: ${error.message}\n`;
    }
    const back = async (folder, path) => {
        for (const name of await fs.readdir(path))
            if (!folder.contents.has(name)) await fs.rm(`${path}/${name}`, { recursive: true });
        for (const [name, entry] of folder.contents) {
            const at = `${path}/${name}`;
            if (!(entry instanceof Directory)) await fs.writeFile(at, entry.data);
            else await fs.mkdir(at, { recursive: true }), await back(entry, at);
        }
    };
    for (const [path, folder] of Object.entries(top)) await back(folder, path);
    return { stdout: said[1], stderr: said[2], exitCode };
}

// Plays `setup`, silently, and then the command, from the start each time: what is told does not depend on what was run.
async function shell({ setup = [], command, files = {} }) {
    const named = [...setup, command].map((line) => line.replace(/(?:\$OLDPWD\/)?build\/\w+\/(\w+_(?:demo|twin))/g, "$1"));
    const line = named.pop(), merged = /2>&1/.test(line) || !/2>|_(demo|twin)\b[^;]*\|/.test(line);
    const there = { "/dev/null": "", "/tmp/.keep": "", "/book/.keep": "" };
    for (const path of contents.files) if (`${named}${line}`.includes(path)) there[`/book/${path}`] = await utf8(`${path}`);
    for (const [name, data] of Object.entries(files)) there[`/book/${name}`] = data;
    let directories = 0;
    const mktemp = async (_, { fs }) => {
        const path = `/tmp/tmp.${directories++}`;
        await fs.mkdir(path);
        return { stdout: `${path}\n`, stderr: "", exitCode: 0 };
    };
    const commands = contents.programs.map((name) => defineCommand(name, (args, context) => run(name, args, context, merged)));
    const bash = new Bash({ cwd: "/book", files: there, customCommands: [...commands, defineCommand("mktemp", mktemp)],
        env: { NO_COLOR: "1", LC_ALL: "C.UTF-8", PYTHONHASHSEED: "0" } });
    const { stdout, stderr } = await bash.exec([...named.map((line) => `{ ${line}\n} >/dev/null 2>&1`), line].join("\n"));
    return stdout + stderr;
}

// The same program twice, as tools/twin does it: changed-32.sed, and each changed-3.N.diff up to the page's CPython.
async function twin({ program, folder, script, source }) {
    const { loadPyodide } = await import(`${base}pyodide/pyodide.mjs`);
    const python = await loadPyodide({ env: { PYTHONHASHSEED: "0", HOME: "/" } });
    let theirs = "", applied = [];
    const decoder = new TextDecoder();
    python.setStdout({ write: (data) => ((theirs += decoder.decode(data, { stream: true })), data.length) });
    for (const path of contents.files.filter((path) => path.startsWith(`${folder}/`) && !path.includes("changed-")))
        python.FS.writeFile(`/tmp/${path.split("/").pop()}`, await get(`${path}`)); // what it may read
    python.FS.writeFile(`/tmp/${script}`, source);
    const [minor, version] = python.runPython("import sys; (sys.version_info.minor, sys.version.split()[0])").toJs();
    try {
        python.runPython(`import runpy, sys\ntry:\n    runpy.run_path("/tmp/${script}", run_name="__main__")\nfinally:\n    sys.stdout.flush()`);
    } catch (error) {
        theirs += error.message;
    }
    const sed = `${folder}/changed-32.sed`;
    let ours = await shell({ command: program });
    const changes = (path) => contents.files.includes(path) && applied.push(path.split("/").pop());
    if (changes(sed)) ours = await shell({ command: `${program} | sed -E -f ${sed}` });
    for (let n = 12; n <= minor; n++)
        if (changes(`${folder}/changed-3.${n}.diff`)) ours = applyPatch(ours, await utf8(`${folder}/changed-3.${n}.diff`));
    return { ours, theirs, applied, version };
}

onmessage = async ({ data }) => {
    try {
        contents ??= JSON.parse(await utf8("contents.json"));
        postMessage({ id: data.id, said: await { shell, twin }[data.what](data) });
    } catch (error) {
        postMessage({ id: data.id, error: String(error.message ?? error) });
    }
};
