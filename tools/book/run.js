// The pages' programs: a console block's lines get a Run button and can be edited, its demo takes the reader's own file or
// lines, and a lesson's twin runs on CPython and as WebAssembly, compared. What runs, runs in worker.js.
const base = new URL(".", import.meta.url).href;
const elsewhere = /\bpython3?\b|\btools\/|ulimit|\byes\b|\bkill\b|<&-|eventloop_demo|concurrency\//; // what no page can
let worker, asked = 0;
const answers = new Map();

function stop() {
    worker?.terminate();
    worker = undefined;
    for (const answer of answers.values()) answer({ error: "stopped" });
    answers.clear();
}

function ask(what, data) {
    if (!worker) {
        worker = new Worker(`${base}worker.js`, { type: "module" });
        worker.onmessage = ({ data }) => (answers.get(data.id)?.(data), answers.delete(data.id));
        worker.onerror = (event) => (console.error(event.message), stop());
    }
    return new Promise((answer) => {
        answers.set(++asked, answer);
        worker.postMessage({ id: asked, what, ...data });
    });
}

function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) key.startsWith("on") ? (made[key] = value) : made.setAttribute(key, value);
    made.append(...children);
    return made;
}

// A button that asks the worker, ends it when pressed meanwhile, and shows what came.
function runner(label, question, show) {
    const button = element("button", { type: "button", class: "run" }, label);
    button.onclick = async () => {
        if (button.dataset.busy) return stop();
        button.dataset.busy = "yes";
        button.textContent = "Stop";
        const { said, error } = await ask(...(await question()));
        delete button.dataset.busy;
        button.textContent = label;
        show(said, error);
    };
    return button;
}

// How what ran compares with what stands in the lesson, which ran where a pointer has eight bytes.
export function verdict(said, recorded) {
    const words = (text) => text.replace(/[-+\d.\s]+/g, " ");
    if (said === recorded) return "The same as recorded.";
    if (words(said) !== words(recorded)) return "Not as recorded: with 32 bits, and without processes, this is another run.";
    return "As recorded but for numbers: the page's memory has 32 bits, a pointer 4 bytes; the recorded run's has 64, and 8.";
}

const lineOf = (command) => command.querySelector(".line").textContent.replace(/^\$ /, "").trimEnd();

function equip(command, before, files) {
    const line = lineOf(command), recorded = command.querySelector(".output")?.textContent;
    if (!recorded) return; // it prepares another, which plays it
    // What a line needs stands above it: in its block, or where nothing is told, as when a file is written.
    const needed = (other) => other.parentNode === command.parentNode || !other.querySelector(".output")?.textContent;
    const setup = before.filter(needed).map(lineOf).filter((other) => !elsewhere.test(other));
    const out = element("pre", { class: "ran", "aria-live": "polite", tabindex: 0, hidden: "" }), note = element("p", { class: "verdict" });
    const show = (text, said) => {
        out.hidden = false;
        out.textContent = text;
        out.scrollTop = out.scrollHeight;
        note.textContent = said;
    };
    const tools = element("div", { class: "tools" });
    if (!elsewhere.test(line) && !/--python/.test(line)) {
        const edited = element("input", { class: "edit", "aria-label": "the command", spellcheck: "false" });
        edited.value = line;
        const run = runner("Run", () => ["shell", { setup, command: (edited.value ||= line), files: Object.fromEntries(files) }], (said, error) =>
            show(error ?? said, error ? "" : edited.value === line ? verdict(said, recorded) : "Your command; empty the field for the lesson's."));
        edited.onkeydown = (event) => event.key === "Enter" && run.click();
        const chosen = element("input", { type: "file", "aria-label": "a file of your own" });
        const change = element("details", {}, element("summary", {}, "change it, or drop a file here"), edited, chosen);
        const take = async (file) => {
            const name = file.name.replace(/[^\w.-]/g, "_");
            files.set(name, new Uint8Array(await file.arrayBuffer()));
            edited.value = line.replace(/(build\/\w+\/\w+_demo)\s*[^|]*/, `$1 ${name} `).trimEnd();
            change.open = true;
            note.textContent = `${name} is in the directory that the command runs in; it stays on this machine.`;
        };
        chosen.onchange = () => chosen.files[0] && take(chosen.files[0]);
        command.ondragover = (event) => event.preventDefault();
        command.ondrop = (event) => (event.preventDefault(), event.dataTransfer.files[0] && take(event.dataTransfer.files[0]));
        tools.append(run, change);
    } else {
        note.textContent = "Recorded: a page has no other process, such as a python3 beside the demo.";
    }
    const [interactive] = line.match(/\S+ --interactive/) ?? [];
    if (interactive) {
        // Played again from the start with each line, as the programs are deterministic.
        const typed = [], from = line.match(/<\s*(\w[\w.]*)/)?.[1] ?? "/dev/null";
        const field = element("input", { class: "typed", "aria-label": "a statement for the demo", placeholder: "type a statement, then Enter", spellcheck: "false" });
        field.onkeydown = async (event) => {
            if (event.key !== "Enter" || !field.value.trim()) return;
            typed.push(field.value);
            field.value = "";
            const { said, error } = await ask("shell", { setup, command: `cat ${from} .lines | ${interactive} 2>&1`, files: { ".lines": typed.join("\n") + "\n" } });
            show(error ?? said, `${typed.length} typed: ${typed.join("; ")}`);
        };
        tools.append(field);
    }
    command.append(tools, out, note);
}

// Twins that cannot run on the page's CPython, and why.
const wide = "reads CPython's memory as 64 bits lay it out, and the page's CPython has 32";
const deep = "goes deeper than a browser's stack lets CPython go";
const impossible = { "datastructures/dict": wide, "datastructures/set": wide, "objectmodel/slots": wide, "iterators/generator": deep, "metaprogramming/attributes": deep };

async function equipTwin(section) {
    const { room, twin, python } = section.dataset;
    const out = element("pre", { class: "ran", "aria-live": "polite", tabindex: 0, hidden: "" }), note = element("p", { class: "verdict" });
    if (impossible[room]) {
        note.textContent = `twin.py ${impossible[room]}: the tests run it, a page cannot.`;
        return section.append(note);
    }
    const path = python?.includes("/") ? python.replace(/^(\.\.\/)+/, "") : `${room}/proof/twin.py`;
    const source = element("textarea", { rows: 16, spellcheck: "false", "aria-label": "twin.py, which can be changed" });
    const open = element("details", {}, element("summary", {}, "twin.py: change it, and see what differs"), source);
    const load = async () => (source.value ||= await (await fetch(`${base}${path}`)).text());
    open.ontoggle = load;
    const run = runner("Run both", async () => {
        await load();
        note.textContent = "CPython is being loaded, 13 MB the first time.";
        stop(); // each run has an interpreter of its own
        return ["twin", { program: twin, folder: path.replace(/\/[^/]*$/, ""), script: path.split("/").pop(), source: source.value }];
    }, (said, error) => {
        if (error) return (note.textContent = error);
        const ours = said.ours ? said.ours.split("\n") : [], theirs = said.theirs.split("\n");
        const at = theirs.findIndex((line, i) => line !== ours[i]), equal = said.ours === said.theirs;
        const but = said.applied.length ? `, but for ${said.applied.join(", ")}` : "";
        note.textContent = equal ? `${theirs.length - 1} lines, equal byte for byte on Python ${said.version} of 32 bits${but}.`
            : `Not equal on Python ${said.version} of 32 bits${but}: the first line that differs is ${at + 1}.`;
        out.hidden = equal;
        out.textContent = equal ? "" : `twin.c   ${ours[at] ?? "(nothing)"}\ntwin.py  ${theirs[at] ?? "(nothing)"}\n`;
    });
    section.append(open, element("div", { class: "tools" }, run), out, note);
}

const files = new Map(); // of the reader's own
[...document.querySelectorAll(".console:not([data-why]) .command")].forEach((command, i, all) => equip(command, all.slice(0, i), files));
document.querySelectorAll("section.twin").forEach(equipTwin);
