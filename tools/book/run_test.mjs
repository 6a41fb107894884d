// What run.js promises, for book_test.mjs: each Run button gives what stands under it, a line typed into an interactive demo is
// answered, the twins are equal on the page's CPython, and a change to twin.py is seen. page is playwright's; base ends with /.

// Lines whose run in a page says something else, and why.
const otherwise = [
    [/--scene (trashcan|setref)/, "a scene needs a process"],
    [/--scene freeze/, "counts pages that processes share"],
    [
        /--count|--interactive <typed|list_demo --scene (growth|shrink)|slots_demo --scene (memory|bytes)|elements.csv/,
        "the memory of 32 bits is another",
    ],
    [/\\343\\200\\200/, "the shell's printf makes characters of bytes"],
];

const settled = (scope) => scope.locator(".run:not([data-busy])").first().waitFor({ timeout: 60000 });

export async function runButtons(page, base, room) {
    await page.goto(`${base}${room}/index.html`);
    const counts = { same: 0, numbers: 0, otherwise: 0 },
        failures = [];
    for (const command of await page.locator(".command:has(.run:visible)").all()) {
        const line = (await command.locator(".line").textContent()).trim();
        await command.locator(".run").click();
        await settled(command);
        const verdict = await command.locator(".verdict").textContent();
        if (verdict.startsWith("The same")) counts.same++;
        else if (verdict.startsWith("As recorded")) counts.numbers++;
        else if (otherwise.some(([pattern]) => pattern.test(line))) counts.otherwise++;
        else
            failures.push(
                `${room}: ${line}\n${verdict}\n${(await command.locator(".ran").textContent()).slice(0, 800)}`,
            );
    }
    return { counts, failures };
}

export async function typedLines(page, base, room, statement, answer) {
    await page.goto(`${base}${room}/index.html`);
    const command = page.locator(".command:has(.typed:visible)").first();
    await command.locator(".typed").pressSequentially(statement); // a key each, as a reader does
    await command.locator(".typed").press("Enter");
    await command.locator(".verdict", { hasText: "Your command" }).waitFor({ timeout: 30000 });
    const said = await command.locator(".ran").textContent();
    return said.includes(answer) ? [] : [`${room}: '${statement}' does not say ${answer}:\n${said.slice(-800)}`];
}

export async function twins(page, base, room, spoiled) {
    await page.goto(`${base}${room}/index.html`);
    const twin = page.locator("section.twin");
    if (!(await twin.locator(".run").count()))
        return { note: await twin.locator(".verdict").textContent(), failures: [] };
    await twin.locator("summary").click();
    const source = twin.locator("textarea");
    await page.waitForFunction(() => document.querySelector("section.twin textarea").value !== "");
    if (spoiled) await source.fill(`print("spoiled")\n${await source.inputValue()}`);
    await twin.locator(".run").click();
    await settled(twin);
    const note = await twin.locator(".verdict").textContent();
    const right = spoiled ? note.includes("first line that differs is 1.") : note.includes("equal byte for byte");
    return { note, failures: right ? [] : [`${room}: twin: ${note}\n${await twin.locator(".ran").textContent()}`] };
}

export async function ownFile(page, base, room, name, text, answer) {
    await page.goto(`${base}${room}/index.html`);
    const command = page.locator(".command:has(.run)", { hasText: `${room.split("/")[1]}_demo` }).first();
    await command.locator("summary").click();
    await command
        .locator("input[type=file]")
        .setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
    await command.locator(".verdict", { hasText: name }).waitFor();
    const field = command.locator(".edit");
    await field.fill((await field.inputValue()).replace(/\s*\|.*/, ""));
    await command.locator(".run").click();
    await command.locator(".verdict", { hasText: "Your command" }).waitFor({ timeout: 30000 });
    const said = await command.locator(".ran").textContent();
    return said.includes(answer) ? [] : [`${room}: one's own file gives:\n${said.slice(0, 800)}`];
}
