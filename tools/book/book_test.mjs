// The book in a browser, headless: usage: book_test.mjs BUILD SOURCE_ROOT [SCREENSHOTS]
// BUILD has the book, and the native dict_picture, gc_picture and loop_picture. Needs playwright-core and axe-core
// in the node_modules above this file or above the folder named in NODE_MODULES; Chromium is $CHROMIUM or /usr/bin/chromium.
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { extname, join, normalize, resolve } from "node:path";
import * as pages from "./pages_test.mjs";
import * as runs from "./run_test.mjs";

const [build, root, shots] = process.argv.slice(2).map((path) => resolve(path));
const book = join(build, "book");
const require = createRequire(resolve(process.env.NODE_MODULES ?? import.meta.dirname, "x"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const types = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".json": "application/json",
};
const server = createServer((request, response) => {
    const path = join(
        book,
        normalize(decodeURIComponent(new URL(request.url, "http://x").pathname)).replace(/^(\/sub)?/, ""),
    );
    if (!existsSync(path)) return response.writeHead(404).end();
    try {
        response
            .writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" })
            .end(readFileSync(path));
    } catch {
        response.writeHead(404).end();
    }
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const base = `http://127.0.0.1:${server.address().port}/sub/`; // no page knows where the folder stands
const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
});

let passed = 0,
    failed = 0;
async function check(name, run) {
    const began = Date.now();
    let failures,
        note = "";
    try {
        const said = await run();
        failures = Array.isArray(said) ? said : (said?.failures ?? []);
        note = said?.note ?? "";
    } catch (error) {
        failures = [error.stack];
    }
    failures.length ? failed++ : passed++;
    console.log(
        `${failures.length ? "FAILED" : "ok"}  ${name}${note && `: ${note}`} (${((Date.now() - began) / 1000).toFixed(1)} s)`,
    );
    for (const failure of failures.slice(0, 20)) console.log(`    ${failure}`);
}
const equal = (what, ours, theirs) =>
    JSON.stringify(ours) === JSON.stringify(theirs)
        ? []
        : [`${what}:\n      ${JSON.stringify(ours)}\n      ${JSON.stringify(theirs)}`];

// ---- The pages

const rooms = readFileSync(join(root, "rooms.txt"), "utf8")
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => line.split(/\s+/).slice(1, 3).join("/"));
const lessons = rooms.filter((room) => existsSync(join(root, room, "README.md")));
let all = [];
await check("links lead somewhere", async () => {
    const { pages: found, failures } = await pages.links(base);
    all = found;
    return { failures, note: `${all.length} pages` };
});
await check("each page loads, without an error or a request outside its folder", () => pages.loads(browser, base, all));
await check("lessons in the dark, at 1280 pixels", () =>
    pages.loads(
        browser,
        base,
        lessons.map((room) => `${room}/index.html`),
        1280,
        "dark",
    ),
);
await check("the first page is small", async () => {
    const { bytes, failures } = await pages.firstPage(browser, base);
    return { failures, note: `${bytes} bytes` };
});
await check("each block is on its page as in its lesson", async () =>
    (
        await Promise.all(
            lessons.map((room) =>
                pages.blocks(browser, base, room, readFileSync(join(root, room, "README.md"), "utf8")),
            ),
        )
    ).flat(),
);

// ---- What runs in them

if (process.env.BOOK_TEST !== "pictures") {
    const page = await browser.newPage();
    for (const room of lessons)
        await check(`Run buttons of ${room}`, async () => {
            const { counts, failures } = await runs.runButtons(page, base, room);
            return {
                failures,
                note: Object.entries(counts)
                    .map(([name, n]) => `${n} ${name}`)
                    .join(", "),
            };
        });
    await check("a command is changed key by key, and dropped files are read", async () => {
        await page.goto(`${base}datastructures/dict/index.html`);
        const command = page.locator(".command:has(.run)").first(),
            field = command.locator(".edit");
        await command.locator("summary").click();
        await field.press("Control+a");
        await field.pressSequentially("./build/datastructures/dict_demo --list");
        await field.press("Enter");
        await command.locator(".verdict", { hasText: "Your command" }).waitFor();
        const said = await command.locator(".ran").textContent();
        await field.press("Tab");
        const left = await field.evaluate((field) => document.activeElement !== field);
        await command
            .locator("input[type=file]")
            .setInputFiles({ name: "my words.txt", mimeType: "text/plain", buffer: Buffer.from("one two one\n") });
        await command.locator(".verdict", { hasText: "my_words.txt" }).waitFor();
        await field.press("Enter");
        await command.locator(".ran", { hasText: "3 words, 2 different" }).waitFor({ timeout: 10000 });
        return [
            ...(said.includes("collision") ? [] : [`--list says ${said}`]),
            ...(left ? [] : ["Tab does not lead on"]),
        ];
    });
    await check("typed into dict", () => runs.typedLines(page, base, "datastructures/dict", "d[8] = 'eight'", "eight"));
    for (const room of ["datastructures/list", "gc/refcounting", "gc/generational"])
        await check(`twins of ${room}`, () => runs.twins(page, base, room, false));
    await check("a spoiled twin", () => runs.twins(page, base, "datastructures/list", true));
    await page.close();
}

// ---- The pictures: driven as a reader does, and compared with what the room's C says on this machine

const frames = (name, statements) =>
    JSON.parse(execFileSync(join(build, `${name}_picture`), { input: statements, encoding: "utf8" })).frames;

class Picture {
    constructor(page, name) {
        Object.assign(this, { page, name, section: page.locator(`section.picture[data-picture=${name}]`) });
    }
    static async open(name, room, fragment = "", options = {}) {
        const page = await browser.newPage({ viewport: { width: 375, height: 800 }, ...options });
        const picture = new Picture(page, name);
        picture.errors = [];
        page.on("pageerror", (error) => picture.errors.push(error.message));
        await page.goto(`${base}${room}/index.html${fragment}`);
        await picture.section.locator("input[type=range]").waitFor();
        await page.waitForFunction(
            (name) => document.querySelector(`section.picture[data-picture=${name}]`).dataset.frame,
            name,
        );
        return picture;
    }
    async state() {
        const { frame, at, shown } = await this.section.evaluate((section) => ({
            ...section.dataset,
            shown: section.querySelector(".drawing").innerHTML,
        }));
        const drawn = await this.page.evaluate(
            (drawing) => Object.assign(document.createElement("div"), { innerHTML: drawing }).innerHTML,
            JSON.parse(frame).drawing,
        );
        return { frame: JSON.parse(frame), at: +at, failures: equal(`${this.name}: what is shown`, shown, drawn) };
    }
    async compare(what) {
        const statements = await this.section.locator("textarea").inputValue(),
            { frame, at, failures } = await this.state();
        const theirs = frames(this.name, statements);
        const said = await this.section.locator(".said").textContent();
        return [
            ...failures,
            ...equal(`${this.name}: ${what}`, frame, theirs[at]),
            ...(said.endsWith(theirs[at].say) ? [] : [`says ${said}, not ${theirs[at].say}`]),
        ];
    }
    button(name) {
        return this.section.getByRole("button", { name, exact: true });
    }
    async type(statement) {
        const before = await this.section.locator("textarea").inputValue();
        await this.section.getByRole("textbox", { name: "a statement" }).pressSequentially(statement); // a key each, as a reader does
        await this.page.keyboard.press("Enter");
        await this.settle(before, statement);
    }
    async settle(before) {
        await this.page.waitForFunction(
            ([name, before]) => {
                const section = document.querySelector(`section.picture[data-picture=${name}]`);
                return (
                    section.querySelector("textarea").value !== before &&
                    decodeURIComponent(location.hash).startsWith(
                        `#${name}=${section.querySelector("textarea").value}&at=`,
                    )
                );
            },
            [this.name, before],
        );
    }
}

async function driven(name, room, statements, options = { reducedMotion: "reduce" }) {
    const picture = await Picture.open(name, room, "", options),
        failures = [];
    failures.push(...(await picture.compare("as it opens")));
    await picture.button("Clear").click();
    for (const statement of statements) {
        await picture.type(statement);
        failures.push(...(await picture.compare(`after ${statement}`)));
    }
    const slider = picture.section.getByRole("slider"),
        last = +(await slider.getAttribute("max"));
    await slider.focus();
    await picture.page.keyboard.press("Home");
    for (let at = 0; at <= last; at++) {
        failures.push(...(await picture.compare(`step ${at}`)));
        if ((await picture.state()).at !== at)
            failures.push(`the slider is at ${(await picture.state()).at}, not ${at}`);
        await picture.page.keyboard.press("ArrowRight");
    }
    await picture.button("step back").click();
    await picture.button("step back").press("Enter");
    failures.push(...(await picture.compare("back by buttons")));
    const { at } = await picture.state();
    if (at !== last - 2) failures.push(`two steps back from ${last} is ${at}`);
    // The link, opened by somebody else, is this state.
    const copy = await Picture.open(name, room, new URL(picture.page.url()).hash);
    failures.push(
        ...equal("the link", (await copy.state()).frame, (await picture.state()).frame),
        ...picture.errors,
        ...copy.errors,
    );
    if (!(await copy.section.evaluate((section) => section.getBoundingClientRect().top < innerHeight / 2)))
        failures.push("the link does not lead to the picture");
    await copy.page.close();
    return { picture, failures };
}

await check("the dict's picture", async () => {
    const keys = [
        "d[0] = 'zero'",
        "d[8] = 'eight'",
        "d[16] = 1.5",
        "d[24] = 4",
        "d[72]",
        "del d[8]",
        "d[16]",
        "d[3] = None",
        "d[5] = 5",
        "d[7] = 7",
        "del d[99]",
        "d[[]]",
        "what",
    ];
    const { picture, failures } = await driven("dict", "datastructures/dict", keys);
    await picture.section.getByRole("slider").press("Home");
    await picture.type("d[2] = 2"); // after what is looked at, not at the end
    const said = await picture.section.locator("textarea").inputValue();
    if (!said.startsWith("d[2] = 2\nd[0]")) failures.push(said);
    failures.push(...(await picture.compare("typed at the start")));
    await picture.section.getByRole("slider").press("End");
    const slots = await picture.section.locator(".slot").count();
    if (slots !== 16) failures.push(`${slots} slots are drawn, not 16`);
    await picture.page.close();
    return failures;
});
await check("the loop's picture", async () => {
    const { picture, failures } = await driven("loop", "asyncio/eventloop", [
        "a: work 1, sleep 2, work 1",
        "b: sleep 1.5, yield, work 2",
        "c: sleep 9",
        "d: yield, cancel c",
        "turn",
        "e: jump",
    ]);
    const before = await picture.section.locator("textarea").inputValue();
    await picture.button("Run").click();
    await picture.settle(before);
    failures.push(...(await picture.compare("Run")));
    await picture.page.close();
    return failures;
});
await check("the collector's picture", async () => {
    const { picture, failures } = await driven("gc", "gc/generational", [
        "a = []",
        "b = [a]",
        "a.append(b)",
        "c = [b]",
        "del a",
        "del b",
        "gc.collect(0)",
        "c.clear()",
    ]);
    const pressed = async (act) => {
        const before = await picture.section.locator("textarea").inputValue();
        await act();
        await picture.settle(before);
        failures.push(...(await picture.compare("by clicks and keys")));
    };
    await picture.section.getByRole("slider").press("End");
    await pressed(() => picture.button("New object").click());
    await picture.section.getByRole("slider").press("End");
    const object = (name) => picture.section.getByRole("button", { name: new RegExp(`named ${name},`) });
    await object("a").click();
    await pressed(() => object("c").click());
    await picture.section.getByRole("slider").press("End");
    await object("c").press("Enter");
    await pressed(() => object("a").press(" "));
    await pressed(() => picture.button("Collect").click());
    const statements = await picture.section.locator("textarea").inputValue();
    if (!statements.endsWith("a = []\na.append(c)\nc.append(a)\ngc.collect()")) failures.push(statements);
    await picture.page.close();
    return failures;
});
await check("pictures move by themselves unless motion is not wanted", async () => {
    const picture = await Picture.open("dict", "datastructures/dict", "#dict=&at=0");
    await picture.type("d[1] = 1");
    await picture.page.waitForFunction(() => document.querySelector("section.picture").dataset.at === "2", null, {
        timeout: 5000,
    });
    await picture.page.close();
    return picture.errors;
});

// ---- Accessibility, and what it looks like

const kinds = [
    "index.html",
    "GLOSSARY.html",
    "datastructures/index.html",
    "datastructures/dict/index.html",
    "gc/generational/index.html",
    "asyncio/eventloop/index.html",
    "objectmodel/slots/index.html",
    "datastructures/dict/dict.c.html",
];
for (const colorScheme of ["light", "dark"])
    await check(`axe-core, ${colorScheme}`, async () => {
        const failures = [],
            context = await browser.newContext({
                colorScheme,
                viewport: { width: 375, height: 800 },
                reducedMotion: "reduce",
            });
        for (const path of kinds) {
            const page = await context.newPage();
            await page.goto(base + path, { waitUntil: "networkidle" });
            await page.evaluate(axe);
            const { violations } = await page.evaluate(() =>
                globalThis.axe.run(document, {
                    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
                }),
            );
            for (const { id, help, nodes } of violations)
                failures.push(`${path}: ${id}: ${help}: ${nodes.length} times, first ${nodes[0].html.slice(0, 160)}`);
            await page.close();
        }
        return failures;
    });

if (shots)
    await check("screenshots", async () => {
        mkdirSync(shots, { recursive: true });
        for (const colorScheme of ["light", "dark"])
            for (const width of [375, 1280]) {
                const context = await browser.newContext({
                        colorScheme,
                        viewport: { width, height: 900 },
                        reducedMotion: "reduce",
                    }),
                    page = await context.newPage();
                for (const path of kinds) {
                    const name = join(
                        shots,
                        `${path.replace(/\/?index\.html$/, "").replace(/\W/g, "-") || "first"}-${width}-${colorScheme}`,
                    );
                    await page.goto(base + path, { waitUntil: "networkidle" });
                    await page.screenshot({ path: `${name}.png` });
                    const picture = page.locator("section.picture");
                    if (await picture.count()) await picture.screenshot({ path: `${name}-picture.png` });
                }
                await context.close();
            }
        return [];
    });

await browser.close();
server.close();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
