// Runs a program compiled for WASI under Node.js: node --no-warnings wasi.mjs PROGRAM [ARGUMENT...]
// It sees the directory that it is called in and those above, and /tmp, as any program does.
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [, , program, ...rest] = process.argv;
const wasi = new WASI({ version: "preview1", args: [program, ...rest], env: process.env, preopens: { "/": "/", ".": "." } });
const { instance } = await WebAssembly.instantiate(await readFile(program), wasi.getImportObject());
process.exitCode = wasi.start(instance);
