// What the pages promise, for book_test.mjs. browser is playwright's; base, the address of the served book, ends with "/".

// Loads pages as a reader does; what the console said, what was asked for outside the book, what is wider than the screen.
export async function loads(browser, base, paths, width = 375, colorScheme = "light") {
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme }),
        failures = [];
    let path;
    page.on("console", (message) => message.type() === "error" && failures.push(`${path}: ${message.text()}`));
    page.on("pageerror", (error) => failures.push(`${path}: ${error.message}`));
    page.on(
        "request",
        (request) =>
            /^(data|blob):/.test(request.url()) ||
            request.url().startsWith(base) ||
            failures.push(`${path}: asks for ${request.url()}`),
    );
    for (path of paths) {
        await page.goto(base + path);
        const wider = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        if (wider > 0) failures.push(`${path}: ${wider} pixels wider than a screen of ${width}`);
    }
    await page.close();
    return failures;
}

// Follows every link from the first page on; each must lead to a file of the book and to an anchor that is there.
export async function links(base) {
    const pages = new Map(),
        failures = [],
        queue = [base + "index.html"];
    const read = async (url) => {
        const response = await fetch(url);
        const html = url.endsWith(".html");
        const text = html ? await response.text() : (await response.arrayBuffer(), "");
        return { ok: response.ok, text, ids: new Set([...text.matchAll(/ id="([^"]*)"/g)].map((match) => match[1])) };
    };
    const wanted = []; // anchors, looked up when all pages are there
    while (queue.length) {
        const url = queue.pop();
        if (pages.has(url)) continue;
        pages.set(url, await read(url));
        if (!pages.get(url).ok) failures.push(`no such page: ${url}`);
        for (const [, name, target] of pages.get(url).text.matchAll(/<[^<>]* (href|src)="([^"]*)"/g)) {
            const to = new URL(target.replaceAll("&amp;", "&"), url),
                fragment = to.hash.slice(1);
            if (/^(data|mailto):/.test(to.protocol) || (name === "href" && to.origin !== new URL(base).origin))
                continue;
            to.hash = "";
            if (!to.href.startsWith(base)) failures.push(`${url}: leads out of the book: ${target}`);
            else queue.push(to.href);
            if (fragment) wanted.push([url, to.href, decodeURIComponent(fragment)]);
        }
    }
    for (const [from, to, fragment] of wanted)
        if (!pages.get(to)?.ids.has(fragment)) failures.push(`${from}: no #${fragment} in ${to}`);
    return {
        pages: [...pages.keys()].map((url) => url.slice(base.length)).filter((path) => path.endsWith(".html")),
        failures,
    };
}

// The first page, and what it loads before anybody presses anything: bytes.
export async function firstPage(browser, base) {
    const page = await browser.newPage();
    const bodies = [];
    page.on("response", (response) => bodies.push(response.body()));
    await page.goto(base + "index.html", { waitUntil: "networkidle" });
    const bytes = (await Promise.all(bodies)).reduce((sum, body) => sum + body.length, 0);
    await page.close();
    return { bytes, failures: bytes < 300000 ? [] : [`the first page loads ${bytes} bytes`] };
}

// A lesson's blocks are on its page, character for character: `markdown` is its README.
export async function blocks(browser, base, room, markdown) {
    const page = await browser.newPage();
    await page.goto(`${base}${room}/index.html`);
    const shown = await page.evaluate(() =>
        [...document.querySelectorAll(".console")].map((block) =>
            [...block.querySelectorAll(".command")]
                .map(
                    (command) =>
                        `${command.querySelector(".line").textContent}\n${command.querySelector(".output")?.textContent ?? ""}`,
                )
                .join(""),
        ),
    );
    await page.close();
    const written = [...markdown.matchAll(/^```console\n([^]*?)^```$/gm)].map((match) => match[1]);
    return written.flatMap((block, n) =>
        block === shown[n] ? [] : [`${room}: block ${n + 1} is\n${shown[n]}\nand not\n${block}`],
    );
}
