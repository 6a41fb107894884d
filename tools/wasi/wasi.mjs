// Runs a program compiled for WASI under Node.js: node --no-warnings wasi.mjs PROGRAM [ARGUMENT...]
import { readFile } from "node:fs/promises";
import { WASI } from "node:wasi";

const [, , program, ...rest] = process.argv;
// WASI has no current directory: wasi-libc takes the opened one whose name a path begins with, and "." for the rest.
const preopens = { ".": ".", "/tmp": "/tmp", "/dev": "/dev" };
const wasi = new WASI({ version: "preview1", args: [program, ...rest], env: process.env, preopens });
const { instance } = await WebAssembly.instantiate(await readFile(program), wasi.getImportObject());
process.exitCode = wasi.start(instance);
