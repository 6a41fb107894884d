// The pages' programs: a console block's lines get a Run button and can be edited, its demo takes the reader's own
// file or lines, and a lesson's twin runs on CPython and as WebAssembly, compared. What runs, runs in worker.js.
const base = new URL(".", import.meta.url).href;
// What no page can run:
const elsewhere = /\bpython3?\b|--python|\btools\/|ulimit|\byes\b|\bkill\b|<&-|eventloop_demo|concurrency\//;
const result = '<pre class="ran" aria-live="polite" tabindex="0" hidden></pre><p class="verdict"></p>';
const parts = (whole, ...names) => names.map((name) => whole.querySelector(name));
const files = {}; // of the reader's own

// Asks a worker of its own; the button ends it when pressed meanwhile.
function ask(button, question) {
    const worker = new Worker(`${base}worker.js`, { type: "module" }), { textContent, onclick } = button;
    return new Promise((answer) => {
        button.dataset.busy = "";
        Object.assign(button, { textContent: "Stop", onclick: () => answer({ error: "stopped" }) });
        worker.onmessage = ({ data }) => answer(data);
        worker.onerror = ({ message }) => answer({ error: message });
        worker.postMessage(question);
    }).finally(() => {
        worker.terminate();
        delete Object.assign(button, { textContent, onclick }).dataset.busy;
    });
}

// How what ran compares with what stands in the lesson, which ran where a pointer has eight bytes.
function verdict(said, recorded) {
    const words = (text) => text.replace(/[-+\d.\s]+/g, " ");
    if (said === recorded) return "The same as recorded.";
    return words(said) !== words(recorded) ? "Not as recorded: with 32 bits, without processes, this is another run."
        : "As recorded but for numbers: a pointer has 4 bytes here, where memory has 32 bits, and had 8 there.";
}

const lineOf = (command) => command.querySelector(".line").textContent.replace(/^\$ /, "").trimEnd();

function equip(command, before) {
    const line = lineOf(command), recorded = command.querySelector(".output")?.textContent;
    if (!recorded) return; // it prepares another, which plays it
    // What a line needs stands above it: in its block, or where nothing is told, as when a file is written.
    const needed = (other) => other.parentNode === command.parentNode || !other.querySelector(".output")?.textContent;
    const setup = before.filter(needed).map(lineOf).filter((other) => !elsewhere.test(other));
    command.insertAdjacentHTML("beforeend", `<div class="tools"><button class="run">Run</button>
        <input class="typed" aria-label="a statement" placeholder="type a statement, then Enter" spellcheck="false">
        <details><summary>change it, or drop a file here</summary>
        <input class="edit" aria-label="the command" spellcheck="false">
        <input type="file" aria-label="a file of your own"></details></div>${result}`);
    const [run, typed, change, edit, file, out, note] =
        parts(command, ".run", ".typed", "details", ".edit", "[type=file]", ".ran", ".verdict");
    const play = async (question, tell) => {
        note.textContent = "Running; the first time, 1.3 MB are loaded.";
        const { said, error } = await ask(run, { what: "shell", setup, ...question });
        out.hidden = false;
        out.textContent = error ?? (said || "(nothing printed)");
        out.scrollTop = out.scrollHeight;
        note.textContent = error ? "" : tell(said);
    };
    edit.value = line;
    run.onclick = () => play({ command: (edit.value ||= line), files }, (said) =>
        edit.value === line ? verdict(said, recorded) : "Your command; empty the field for the lesson's.");
    edit.onkeydown = ({ key }) => { if (key === "Enter") run.click(); }; // false would cancel the key
    const take = async (own) => {
        if (!own) return; // a text was dropped, or none chosen
        const name = own.name.replace(/[^\w.-]/g, "_");
        files[name] = new Uint8Array(await own.arrayBuffer());
        edit.value = line.replace(/(build\/\w+\/\w+_demo).*/, `$1 ${name}`);
        change.open = true;
        note.textContent = `${name} is in the directory that the command runs in; it stays on this machine.`;
    };
    file.onchange = () => take(file.files[0]);
    command.ondragover = (event) => event.preventDefault();
    command.ondrop = (event) => (event.preventDefault(), take(event.dataTransfer.files[0]));
    if (elsewhere.test(line)) {
        run.remove();
        change.remove();
        note.textContent = "Recorded: a page has no other process, such as a python3 beside the demo.";
    }
    const [interactive] = line.match(/\S+ --interactive/) ?? [], lines = [];
    if (!interactive) return typed.remove();
    // Played again from the start with each line, as the programs are deterministic.
    const from = line.match(/<\s*(\w[\w.]*)/)?.[1] ?? "/dev/null";
    typed.onkeydown = ({ key }) => {
        if (key !== "Enter" || !typed.value.trim() || "busy" in run.dataset) return;
        lines.push(typed.value);
        typed.value = "";
        play({ command: `cat ${from} .lines | ${interactive} 2>&1`, files: { ".lines": lines.join("\n") + "\n" } },
            () => `${lines.length} typed: ${lines.join("; ")}`);
    };
}

// Twins that cannot run on the page's CPython, and why.
const wide = "reads CPython's memory as 64 bits lay it out, and the page's CPython has 32";
const deep = "goes deeper than a browser's stack lets CPython go";
const impossible = { "datastructures/dict": wide, "datastructures/set": wide, "objectmodel/slots": wide,
    "iterators/generator": deep, "metaprogramming/attributes": deep };

function equipTwin(section) {
    const { room } = section.dataset, why = impossible[room];
    section.innerHTML = why ? `<p class="verdict">twin.py ${why}: the tests run it, a page cannot.</p>`
        : `<details><summary>twin.py: change it, and see what differs</summary>
        <textarea rows="16" spellcheck="false" aria-label="twin.py, which can be changed"></textarea></details>
        <div class="tools"><button class="run">Run both</button></div>${result}`;
    if (why) return;
    const [open, source, run, out, note] = parts(section, "details", "textarea", ".run", ".ran", ".verdict");
    const load = async () => (source.value ||= await (await fetch(`${base}${room}/proof/twin.py`)).text());
    open.ontoggle = load;
    run.onclick = async () => {
        await load();
        note.textContent = "CPython is being loaded, 13 MB the first time.";
        const { said, error } = await ask(run, { what: "twin", room, source: source.value });
        if (error) return (note.textContent = error);
        const ours = said.ours.split("\n"), theirs = said.theirs.split("\n"), equal = said.ours === said.theirs;
        const at = theirs.findIndex((line, i) => line !== ours[i]);
        const but = said.applied.length ? `, but for ${said.applied.join(", ")}` : "";
        const on = `on Python ${said.version} of 32 bits${but}`;
        note.textContent = equal ? `${theirs.length - 1} lines, equal byte for byte ${on}.`
            : `Not equal ${on}: the first line that differs is ${at + 1}.`;
        out.hidden = equal;
        out.textContent = `twin.c   ${ours[at] ?? "(nothing)"}\ntwin.py  ${/^Traceback/m.test(said.theirs) ? theirs.slice(-4).join("\n") : theirs[at] ?? "(nothing)"}\n`;
    };
}

const commands = [...document.querySelectorAll(".console:not([data-why]) .command")];
commands.forEach((command, i) => equip(command, commands.slice(0, i)));
document.querySelectorAll("section.twin").forEach(equipTwin);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((folded) => (folded.open = true)));
