// The pages' programs: a console block's lines get a Run button and can be edited, its demo takes the reader's own
// file or lines, and a lesson's twin runs on CPython and as WebAssembly, compared. What runs, runs in worker.js.
import "./pictures.js";

const base = new URL(".", import.meta.url).href;
const files = {}; // of the reader's own
const result = '<pre class="ran" aria-live="polite" tabindex="0" hidden></pre><p class="verdict" role="status"></p>';
// A form of this method is sent nowhere.
const tools = `<form class="tools" method="dialog"><button name="run" class="run">Run</button>
    <textarea name="typed" class="typed" rows="1" aria-label="statements" placeholder="type a statement, then Enter"
    spellcheck="false"></textarea><details><summary>change it, or drop a file here</summary>
    <input name="edit" class="edit" aria-label="the command" spellcheck="false">
    <input name="file" type="file" aria-label="a file of your own"></details></form>${result}`;
const twinTools = `<form class="tools" method="dialog"><button name="run" class="run">Run both</button>
    <details><summary>twin.py: change it, and see what differs</summary><textarea name="source" rows="16"
    spellcheck="false" aria-label="twin.py, which can be changed"></textarea></details></form>${result}`;

// Asks a worker of its own, which the button ends when pressed meanwhile. `tell` makes of what it says a verdict, in
// HTML, and the text above it.
async function ask(place, loading, question, tell) {
    const [run, out, note] = [".run", ".ran", ".verdict"].map((name) => place.querySelector(name));
    const { textContent, onclick } = run;
    const worker = new Worker(`${base}worker.js`, { type: "module" });
    note.textContent = loading;
    run.dataset.busy = "";
    const { said, error } = await new Promise((answer) => {
        Object.assign(run, { textContent: "Stop", onclick: () => answer({ error: "stopped" }) });
        worker.onmessage = worker.onerror = ({ data, message }) => answer(data ?? { error: message });
        worker.postMessage(question);
    });
    worker.terminate();
    Object.assign(run, { textContent, onclick });
    delete run.dataset.busy;
    note.textContent = error;
    if (error) return;
    [note.innerHTML, out.textContent] = tell(said);
    out.hidden = !out.textContent;
    out.scrollTop = out.scrollHeight;
}

// How what ran compares with what stands in the lesson, which ran where a pointer has eight bytes.
function compare(said, recorded) {
    const words = (text) => text.replace(/[-+\d.\s]+/g, " ");
    if (said === recorded) return "The same as recorded.";
    if (words(said) !== words(recorded))
        return "Not as recorded: with 32 bits, without processes, this is another run.";
    return "As recorded but for numbers: a pointer has 4 bytes here, where memory has 32 bits, and had 8 there.";
}

// A command, without the python3 that would play beside an interactive demo.
const lineOf = (command) =>
    command.querySelector(".line").textContent.slice(2).trimEnd().replace("--interactive --python", "--interactive");

function equip(command, n, commands) {
    const line = lineOf(command);
    const recorded = command.querySelector(".output")?.textContent;
    if (!recorded) return; // it prepares another, which plays it
    command.insertAdjacentHTML("beforeend", tools);
    const { run, typed, edit, file } = command.querySelector("form").elements;
    // What a line needs stands above it: in its block, or where nothing is told, as when a file is written.
    const needed = (other) => other.parentNode === command.parentNode || !other.querySelector(".output")?.textContent;
    const setup = commands.slice(0, n).filter(needed).map(lineOf);
    const tell = (said) => [
        edit.value === line ? compare(said, recorded) : "Your command; empty the field for the lesson's.",
        said || "(nothing printed)",
    ];
    edit.value = line;
    run.onclick = () => {
        const own = { command: (edit.value ||= line), files: { ...files, "/book/.typed": `${typed.value}\n` } };
        ask(command, "Running; the first time, 1.3 MB are loaded.", { what: "shell", setup, ...own }, tell);
    };
    // All that is typed is read each time, as the programs are deterministic, after what the lesson lets the demo read.
    const [, demo, from = ""] = line.match(/(\S+ --interactive)(?: <(\S+))?/) ?? [];
    typed.hidden = !demo;
    run.hidden = command.textContent.includes("--interactive --python"); // until something else is to be run
    if (run.hidden)
        command.querySelector(".verdict").textContent =
            "Recorded beside a python3, which a page has not: type statements, and the demo plays alone.";
    edit.oninput = () => (run.hidden = false);
    typed.oninput = () => {
        run.hidden = false;
        typed.rows = typed.value.split("\n").length;
        edit.value = typed.value.trim() ? `cat ${from} .typed | ${demo}` : line;
    };
    // A listener, as an onkeydown that says false would cancel the key.
    typed.addEventListener("keydown", ({ key }) => key === "Enter" && !("busy" in run.dataset) && run.click());
    const take = async (event) => {
        if (event.dataTransfer?.types.includes("text/plain")) return; // a field takes it
        event.preventDefault();
        const [own] = (event.dataTransfer ?? file).files;
        if (!own) return; // it is still dragged, or none was chosen
        const name = own.name.replace(/[^\w.-]/g, "_");
        files[`/book/${name}`] = new Uint8Array(await own.arrayBuffer());
        edit.value = line.replace(/(build\/\w+\/\w+_demo).*/, `$1 ${name}`);
        run.hidden = false;
        edit.parentNode.open = true;
        command.querySelector(".verdict").textContent =
            `${name} is in the directory that the command runs in; it stays on this machine.`;
    };
    file.onchange = command.ondragover = command.ondrop = take;
}

async function equipTwin(section) {
    const { room } = section.dataset;
    section.innerHTML = twinTools;
    const { run, source } = section.querySelector("form").elements;
    const tell = ({ ours, theirs, changed, version }) => {
        const [c, py] = [ours, theirs].map((text) => text.split("\n"));
        const at = py.findIndex((line, n) => line !== c[n]);
        const from = (lines) => lines.slice(at, at + 6).join("\n");
        const links = changed.map((path) => `<a href="${base}${path}.html">${path.split("/").pop()}</a>`).join(", ");
        const on = `on Python ${version} of 32 bits${links && `, but for ${links}`}`;
        if (at < 0) return [`${c.length - 1} lines, equal byte for byte ${on}.`, ""];
        const differing = `twin.c:\n${from(c)}\n\ntwin.py:\n${from(py)}`;
        return [`Not equal ${on}: the first line that differs is ${at + 1}.`, differing];
    };
    run.onclick = () => {
        const question = { what: "twin", room, source: source.value };
        ask(section, "CPython is being loaded, 13 MB the first time.", question, tell);
    };
    source.value = await (await fetch(`${base}${room}/proof/twin.py`)).text();
}

// What cannot run has its verdict already.
const commands = document.querySelectorAll(".console:not([data-why]) .command:not(:has(.verdict))");
[...commands].forEach(equip);
document.querySelectorAll("section.twin:empty").forEach(equipTwin);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((folded) => (folded.open = true)));
