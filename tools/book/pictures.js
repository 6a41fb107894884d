// The pictures one can play with. A room's own C, as WebAssembly, plays the statements from the start and gives frames (see
// common/picture.h); all that is done here is to draw a frame. The link holds the statements and the frame.
import { WASI } from "./shim/index.js";

const calm = matchMedia("(prefers-reduced-motion: reduce)");
const svg = (name, attributes = {}, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);

function fill(made, attributes, children) {
    for (const [key, value] of Object.entries(attributes)) key.startsWith("on") ? made.addEventListener(key.slice(2), value) : made.setAttribute(key, value);
    made.append(...children);
    return made;
}

async function play(module, statements) {
    const wasi = new WASI([], [], []);
    const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport });
    wasi.initialize(instance);
    const { memory, picture_input, picture_play } = instance.exports;
    const bytes = new TextEncoder().encode(statements), at = picture_input(bytes.length);
    new Uint8Array(memory.buffer).set(bytes, at);
    const text = picture_play(), all = new Uint8Array(memory.buffer);
    return JSON.parse(new TextDecoder().decode(all.subarray(text, all.indexOf(0, text))));
}

// ---- What a frame looks like. Elements with data-key slide from where they were to where they are.

function drawDict({ slots, entries, probed, used, usable, nentries, kind }) {
    const says = (ix) => (ix === -1 ? "empty" : ix === -2 ? "dummy" : `entry ${ix}`);
    const cells = slots.map((ix, slot) => html("li", { class: slot === probed ? "slot probed" : "slot", "aria-label": `slot ${slot}: ${says(ix)}${slot === probed ? ", looked at" : ""}` },
        html("small", {}, slot), html("b", { class: ix === -2 ? "dummy" : ix >= 0 ? "full" : "", "data-key": ix >= 0 ? `ix${ix}` : `slot${slot}` }, ix === -1 ? "·" : ix === -2 ? "D" : ix)));
    const rows = entries.map((entry, ix) => html("tr", { class: slots[probed] === ix ? "probed" : "" }, html("th", { scope: "row" }, ix),
        ...(entry ?? ["", "deleted", ""]).map((text, n) => html("td", { title: text }, n === 0 && text.length > 12 ? `…${text.slice(-8)}` : text))));
    const head = html("tr", {}, ...["entry", "hash", "key", "value"].map((text) => html("th", { scope: "col" }, text)));
    return [
        html("p", {}, slots.length ? `${kind} table of ${slots.length} slots: used ${used}, usable ${usable}, nentries ${nentries}` : "{} has no table of its own yet"),
        html("ol", { class: "slots", "aria-label": "indices", start: 0 }, ...cells),
        html("table", {}, html("caption", {}, "entries, in the order of insertion"), head, ...rows),
    ];
}

function drawLoop({ now, turn, current, ready, scheduled, tasks, spans }, wide) {
    const last = Math.max(4, now, ...scheduled.map(([when]) => when)), left = 12 + 9 * Math.max(1, ...tasks.map((name) => name.length)), row = 30, x = (time) => left + (time / last) * (wide - left - 14);
    const high = tasks.length * row + 24, kinds = { w: "works", s: "sleeps", r: "ready, but another works" };
    const every = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((step) => last / step <= wide / 50) ?? 1000;
    const ticks = Array.from({ length: Math.floor(last / every) + 1 }, (_, n) => n * every);
    const list = (name, items) => html("p", {}, html("strong", {}, `${name} `), ...(items.length ? items.flatMap((item) => [html("code", { "data-key": item.split(" ")[0] }, item), " "]) : ["empty"]));
    return [
        html("p", {}, `turn ${turn}, time ${now}, `, current ? html("strong", {}, `${current} is running`) : "nobody is running"),
        list("ready", ready),
        list("scheduled (a heap)", scheduled.map(([when, name]) => `${name} at ${when}`)),
        svg("svg", { viewBox: `0 0 ${wide} ${high}`, role: "img", "aria-label": `time line: ${spans.map(([task, from, to, kind]) => `${tasks[task]} ${kinds[kind]} ${from} to ${to}`).join("; ") || "empty"}` },
            ...ticks.map((time) => svg("line", { class: "tick", x1: x(time), x2: x(time), y1: 0, y2: high - 20 })),
            ...ticks.map((time) => svg("text", { x: x(time), y: high - 4, "text-anchor": "middle" }, time)),
            ...tasks.map((name, n) => svg("text", { x: 4, y: n * row + 20, class: name === current ? "current" : "" }, name)),
            ...spans.map(([task, from, to, kind]) => svg("rect", { class: `span-${kind}`, x: x(from), y: task * row + (kind === "w" ? 5 : 11), width: x(to) - x(from), height: kind === "w" ? 20 : 8 })),
            svg("line", { class: "now", x1: x(now), x2: x(now), y1: 0, y2: high - 20 })),
        html("p", { class: "legend" }, ...Object.entries(kinds).flatMap(([kind, text]) => [html("i", { class: `span-${kind}` }), ` ${text}  `])),
    ];
}

let chosen; // a name: the object that a second click lets refer to another

function drawGc({ objects, names }, wide, add) {
    const columns = Math.floor(wide / 130), apart = wide / columns, row = 130;
    const place = new Map(objects.map(({ id }) => [id, [apart * (0.5 + (id % columns)), 66 + row * Math.floor(id / columns)]]));
    const high = row * Math.ceil((Math.max(-1, ...objects.map(({ id }) => id)) + 1) / columns) + 10;
    const arrow = (from, to, n) => {
        const [x1, y1] = place.get(from), [x2, y2] = place.get(to), length = Math.hypot(x2 - x1, y2 - y1);
        if (!length) return svg("path", { class: "arrow", d: `M${x1 + 14} ${y1 - 24} c 14 -30 44 -10 20 8`, "marker-end": "url(#arrow)" });
        const [dx, dy] = [(x2 - x1) / length, (y2 - y1) / length], bend = 26 + 8 * (n % 3), away = length > 1.2 * apart && Math.abs(dy) < 0.1 ? 62 : bend;
        return svg("path", { class: "arrow", d: `M${x1 + 32 * dx} ${y1 + 32 * dy} Q${(x1 + x2) / 2 - away * dy} ${(y1 + y2) / 2 + away * dx} ${x2 - 36 * dx - 6 * dy} ${y2 - 36 * dy + 6 * dx}`, "marker-end": "url(#arrow)" });
    };
    const drawn = objects.map(({ id, refcnt, gc_refs, garbage, generation, refers }) => {
        const [x, y] = place.get(id), mine = names.filter(([, object]) => object === id).map(([name]) => name), counting = gc_refs >= 0;
        const click = () => {
            if (!mine.length) return;
            if (!chosen) return (chosen = mine[0]), add();
            add(`${chosen}.append(${mine[0]})`);
        };
        const label = `object ${id}, refcnt ${refcnt}${counting ? `, gc_refs ${gc_refs}` : ""}${garbage ? ", unreachable" : ""}${mine.length ? `, named ${mine.join(", ")}` : ", no name"}, refers to ${refers.join(", ") || "nothing"}`;
        return svg("g", { class: `object${garbage ? " garbage" : ""}${counting && gc_refs > 0 ? " outside" : ""}${chosen && mine.includes(chosen) ? " chosen" : ""}`, transform: `translate(${x} ${y})` },
            svg("g", { "data-key": `object${id}`, role: "button", "aria-label": label, "aria-pressed": String(mine.includes(chosen)), "aria-disabled": String(!mine.length), tabindex: 0, onclick: click, onkeydown: (event) => /^( |Enter)$/.test(event.key) && (event.preventDefault(), click()) }, svg("circle", { r: 30 })),
            svg("text", { y: -6, class: "quiet", "text-anchor": "middle" }, `#${id}`), svg("text", { y: 15, class: "count", "text-anchor": "middle" }, refcnt),
            svg("text", { y: -40, class: "name", "text-anchor": "middle" }, mine.join(" ")),
            svg("text", { y: 46, class: "quiet", "text-anchor": "middle" }, counting ? `gc_refs ${gc_refs}` : garbage ? "unreachable" : generation >= 0 ? `gen. ${generation}` : ""));
    });
    const marker = svg("defs", {}, svg("marker", { id: "arrow", viewBox: "0 0 10 10", refX: 8, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto" }, svg("path", { d: "M0 0 10 5 0 10z" })));
    const lines = objects.flatMap(({ id, refers }) => refers.filter((to) => place.has(to)).map((to, n) => arrow(id, to, n)));
    return [objects.length ? svg("svg", { viewBox: `0 0 ${wide} ${high}`, role: "group", "aria-label": "the heap" }, marker, ...lines, ...drawn) : html("p", {}, "The heap is empty.")];
}

const freeName = ({ names }) => [..."abcdefghijklmnopqrstuvwxyz"].find((name) => !names.some(([taken]) => taken === name)) ?? "z";
const pictures = {
    dict: { about: "A dict d, slot by slot. Type d[8] = 'eight', d[8] or del d[8], with keys of your own. (In a page, perturb has 32 bits of a hash, not 64.)", draw: drawDict,
        start: "d[0] = 'zero'\nd[8] = 'eight'\nd[16] = 'sixteen'\ndel d[8]\nd[16]\nd[24] = 'new'\nd[3] = 3\nd[4] = 4", opens: "dummy, D", buttons: {} },
    loop: { about: "Tasks on a time line. Type a: work 1, sleep 2, yield, or turn (one turn of the loop), or run.", draw: drawLoop,
        start: "a: work 1, sleep 2, work 1\nb: sleep 1.5, work 2\nc: yield, sleep 1, cancel d, work 1\nd: sleep 9\nrun", opens: "b works", buttons: { "One turn": () => "turn", Run: () => "run" } },
    gc: { about: "Lists and who refers to them; the number is the refcnt. Type a = [], b = [a], a.append(b), del a, a.clear(), gc.collect(0), or choose a named object and then the one it shall refer to.", draw: drawGc,
        start: "a = []\nb = [a]\na.append(b)\nc = [b]\nd = []\nd.append(d)\ndel a\ndel b\ndel d\ngc.collect()\ndel c\ngc.collect()", opens: "subtract_refs",
        buttons: { "New object": (frame) => `${freeName(frame)} = []`, Collect: () => "gc.collect()" } },
};

async function show(section) {
    const name = section.dataset.picture, { about, draw, start, opens, buttons } = pictures[name];
    const module = await WebAssembly.compileStreaming(fetch(new URL(`programs/${name}_picture.wasm`, import.meta.url)));
    let frames = [], at = 0, timer;
    const figure = html("div", { class: "drawing" }), said = html("p", { class: "said", "aria-live": "polite" });
    const slider = html("input", { type: "range", min: 0, value: 0, "aria-label": "step", oninput: () => go(+slider.value) });
    const lines = html("textarea", { rows: 6, spellcheck: "false", "aria-label": "all statements, which can be changed", oninput: () => replay(Infinity) });
    const typed = html("input", { "aria-label": "a statement", placeholder: "a statement, then Enter", spellcheck: "false", autocapitalize: "off", onkeydown: (event) => event.key === "Enter" && typed.value.trim() && (add(typed.value), (typed.value = "")) });
    const button = (label, onclick, says = label) => html("button", { type: "button", "aria-label": says, onclick }, label);
    const playing = button("Play", () => (timer ? stop() : run()));
    const stop = () => (clearInterval(timer), (timer = 0), (playing.textContent = "Play"), playing.setAttribute("aria-label", "Play"));
    function run(last = frames.length - 1) {
        if (at === frames.length - 1) go(0);
        timer = setInterval(() => (at < last ? go(at + 1) : stop()), 1000);
        playing.textContent = "Pause", playing.setAttribute("aria-label", "Pause");
    }
    function go(to) {
        at = Math.max(0, Math.min(frames.length - 1, to));
        const frame = frames[at], places = (key) => [...figure.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one, one.getBoundingClientRect()]);
        const were = new Map(places().map(([key, , box]) => [key, box])), focused = document.activeElement?.closest(".drawing [data-key]")?.dataset.key;
        figure.replaceChildren(...draw(frame, Math.max(280, Math.min(640, figure.clientWidth)), add));
        for (const [key, one, box] of places()) {
            const was = were.get(key), [dx, dy] = was ? [was.x - box.x, was.y - box.y] : [0, 0];
            if (!calm.matches && one instanceof HTMLElement && (dx || dy)) one.animate([{ transform: `translate(${dx}px, ${dy}px)` }, {}], { duration: 350, easing: "ease-out" });
            if (key === focused) one.focus();
        }
        const statement = lines.value.split("\n")[frame.line - 1];
        said.replaceChildren(...(statement && !frame.say.startsWith(`${statement}:`) ? [html("code", {}, statement), " "] : []), frame.say);
        slider.max = frames.length - 1;
        slider.value = at;
        slider.setAttribute("aria-valuetext", `step ${at} of ${frames.length - 1}: ${frame.say}`);
        if (section.dataset.frame) history.replaceState(null, "", `#${name}=${encodeURIComponent(lines.value)}&at=${at}`);
        section.dataset.at = at;
        section.dataset.frame = JSON.stringify(frame);
    }
    async function replay(to) {
        stop();
        frames = await play(module, lines.value);
        go(typeof to === "string" ? frames.findIndex(({ say }) => say.includes(to)) : to);
    }
    async function add(statement) {
        if (!statement) return go(at);
        chosen = undefined;
        const { line } = frames[at], next = frames.findIndex((frame) => frame.line > line), all = lines.value.split("\n");
        all.splice(line, 0, statement); // after what is looked at
        lines.value = all.join("\n").trimEnd();
        await replay(next < 0 ? frames.length : next);
        const last = frames.findLastIndex((frame) => frame.line === line + 1);
        if (!calm.matches && at < last) run(last); // what the statement does, step by step
    }
    function read() {
        const link = new URLSearchParams(location.hash.slice(1)), sent = link.get(name);
        lines.value = sent ?? start;
        if (sent !== null && !scrollY) section.scrollIntoView();
        return replay(sent === null ? opens : +link.get("at") || 0);
    }
    section.append(html("p", {}, about), figure, said, html("div", { class: "tools" }, button("‹", () => go(at - 1), "step back"), slider, button("›", () => go(at + 1), "step forward"), playing),
        html("div", { class: "tools" }, typed, ...Object.entries(buttons).map(([label, statement]) => button(label, () => add(statement(frames[at])))), button("Clear", () => ((chosen = undefined), (lines.value = ""), replay(0)))),
        html("details", {}, html("summary", {}, "All statements; the page's address holds them, too"), lines));
    addEventListener("resize", () => go(at));
    addEventListener("hashchange", () => location.hash.startsWith(`#${name}=`) && read());
    await read();
}

document.querySelectorAll("section.picture").forEach(show);
