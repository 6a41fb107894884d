// The pictures one can play with. A room's own C, as WebAssembly, plays the statements from the start and draws the frames
// (see common/picture.h); here one goes from frame to frame. The link holds the statements and which frame.
import { WASI } from "@bjorn3/browser_wasi_shim";

const form = `<p></p><div class="drawing"></div><p class="said" aria-live="polite"></p>
    <div class="tools"><button aria-label="step back">‹</button><input type="range" min="0" aria-label="step">
        <button aria-label="step forward">›</button><button>Play</button></div>
    <div class="tools"><input aria-label="a statement" placeholder="type it, then Enter" spellcheck="false"
        autocapitalize="off"><button>Clear</button></div>
    <details><summary>All statements; the page's address holds them, too</summary>
        <textarea rows="6" spellcheck="false" aria-label="all statements, which can be changed"></textarea></details>`;

async function play(module, statements) {
    const wasi = new WASI([], [], []);
    const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: wasi.wasiImport });
    wasi.initialize(instance);
    const { memory, picture_input, picture_play } = instance.exports;
    const bytes = new TextEncoder().encode(statements);
    const input = picture_input(bytes.length);
    new Uint8Array(memory.buffer).set(bytes, input);
    const text = picture_play();
    const all = new Uint8Array(memory.buffer);
    return JSON.parse(new TextDecoder().decode(all.subarray(text, all.indexOf(0, text))));
}

async function show(section) {
    const name = section.dataset.picture;
    const module = await WebAssembly.compileStreaming(fetch(new URL(`programs/${name}_picture.wasm`, import.meta.url)));
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    section.innerHTML = form;
    const [about, drawing, said, back, slider, forward, playing, typed, clear, lines] = section.querySelectorAll(
        "p, .drawing, button, input, textarea",
    );
    let { frames, ...first } = await play(module, "");
    let at = 0;
    let timer;
    let chosen; // the first of the two objects of a statement

    const keyed = () => [...drawing.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one]);
    const stop = () => {
        timer = clearInterval(timer);
        playing.textContent = "Play";
    };
    const run = (last = frames.length - 1) => {
        if (at === frames.length - 1) go(0);
        timer = setInterval(() => (at < last ? go(at + 1) : stop()), 1000);
        playing.textContent = "Pause";
    };
    const go = (to) => {
        at = Math.max(0, Math.min(frames.length - 1, Math.trunc(to) || 0)); // a link may say anything
        chosen = undefined;
        const { line, say, drawing: drawn } = frames[at];
        const were = new Map(keyed().map(([key, one]) => [key, one.getBoundingClientRect()]));
        const focused = document.activeElement.dataset.key;
        drawing.innerHTML = drawn;
        for (const [key, one] of keyed()) {
            const is = one.getBoundingClientRect();
            const { x, y } = were.get(key) ?? is;
            if (!calm)
                one.animate([{ translate: `${x - is.x}px ${y - is.y}px` }, {}], { duration: 350, easing: "ease-out" });
            if (key === focused) one.focus();
        }
        const statement = lines.value.split("\n")[line - 1];
        said.textContent = statement && !say.startsWith(statement) ? `${statement}: ${say}` : say;
        Object.assign(slider, { max: frames.length - 1, value: at, ariaValueText: `${at} of ${slider.max}: ${say}` });
        if (section.dataset.at) history.replaceState(null, "", `#${name}=${encodeURIComponent(lines.value)}&at=${at}`);
        Object.assign(section.dataset, { at, frame: JSON.stringify(frames[at]) });
    };
    const replay = async (to) => {
        stop();
        ({ frames } = await play(module, lines.value));
        go(typeof to === "string" ? frames.findIndex(({ say }) => say.includes(to)) : to);
    };
    const add = async (statement) => {
        const { line } = frames[at];
        const next = frames.findIndex((frame) => frame.line > line);
        lines.value = lines.value.split("\n").toSpliced(line, 0, statement).join("\n").trimEnd(); // after what is looked at
        await replay(next < 0 ? frames.length : next);
        const last = frames.findLastIndex((frame) => frame.line === line + 1);
        if (!calm && at < last) run(last); // what the statement does, step by step
    };
    const read = () => {
        const link = new URLSearchParams(location.hash.slice(1));
        const sent = link.get(name);
        lines.value = sent ?? first.start;
        if (sent !== null && !scrollY) section.scrollIntoView();
        return replay(sent === null ? first.opens : Number(link.get("at")));
    };

    about.textContent = first.about;
    back.onclick = () => go(at - 1);
    forward.onclick = () => go(at + 1);
    playing.onclick = () => (timer ? stop() : run());
    slider.oninput = () => go(Number(slider.value));
    typed.onkeydown = ({ key }) => {
        if (key !== "Enter" || !typed.value.trim()) return;
        add(typed.value);
        typed.value = "";
    };
    clear.onclick = () => {
        lines.value = "";
        replay(0);
    };
    lines.oninput = () => replay(Infinity);
    drawing.onclick = ({ target }) => {
        const one = target.closest("[data-add], [data-from]");
        if (one?.dataset.add) return add(one.dataset.add);
        if (chosen && one) return add(chosen + one.dataset.to);
        chosen = one?.dataset.from;
        one?.setAttribute("aria-pressed", "true");
    };
    drawing.onkeydown = (event) => {
        if (event.target instanceof HTMLElement || !/^( |Enter)$/.test(event.key)) return; // a button has its own
        event.preventDefault();
        drawing.onclick(event);
    };
    addEventListener("hashchange", () => location.hash.startsWith(`#${name}=`) && read());
    await read();
}

document.querySelectorAll("section.picture").forEach(show);
