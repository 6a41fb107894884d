"""Makes the book's pages from what stands in the repository: lessons, glossary, sources, pictures.

usage: book.py SOURCE_ROOT BUILD_ROOT    into BUILD_ROOT/book; then the programs

The converter is markdown-it-py: CommonMark's own test suite and GitHub's tables, with a rule of one's own for each
kind of token. pandoc would be 150 MB and a process for each file, cmark-gfm colours no code. Pygments colours, and
numbers a source's lines. Both are Debian packages: python3-markdown-it, python3-pygments.
"""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from os.path import dirname, normpath, relpath
from pathlib import Path
from string import Template
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, find_lexer_class_for_filename, get_lexer_by_name

WHY = {  # a room's programs do not run in a page
    "concurrency/multiprocessing": "is about processes, and a page has none",
    "concurrency/threading": "is about threads and the kernel's futexes, which a page has not",
    "concurrency/gil": "is about threads that take turns, which a page has not",
    "asyncio/eventloop": "waits for sockets, and a page may not open any",
    "asyncio/coroutines": "waits for sockets in its loop, and a page may not open any",
    "ffi/ctypes": "loads shared libraries, which a page cannot",
    "ffi/extension": "is loaded into python3, which a page cannot",
}
PICTURES = {"datastructures/dict": "dict", "gc/generational": "gc", "asyncio/eventloop": "loop"}

here, root = Path(__file__).parent, Path(sys.argv[1]).resolve()
book = Path(sys.argv[2]).resolve() / "book"
template = Template((here / "template.html").read_text(encoding="utf-8"))
rooms = re.findall(r"^\d+ (\w+) (\w+)", (root / "rooms.txt").read_text(encoding="utf-8"), re.M)
readmes = [f"{at}README.md" for topic, room in rooms for at in ("", f"{topic}/", f"{topic}/{room}/")]
order = [path for path in dict.fromkeys([*readmes, "GLOSSARY.md"]) if (root / path).exists()]
parts = {topic for topic, _ in rooms} | {"common", "tools", ".ci", "pictures"}
inside = [*root.glob("[!.]*"), *(path for part in parts for path in (root / part).rglob("*"))]
files = {relpath(path, root): path for path in sorted(inside) if path.is_file() and path.suffix != ".pyc"}
folders = {dirname(path) for path in files} - {""}
told = (root / "GLOSSARY.md").read_text(encoding="utf-8")
names = [name for name in re.findall(r"^\*\*([^*,]+)\.\*\*", told, re.M) if f"{name}, " not in told]
terms = re.compile(rf"\b({'|'.join(map(re.escape, sorted(names, key=len, reverse=True)))})(s?)\b", re.I)


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"<[^>]*>|[^\w\- ]", "", heading.lower()).replace(" ", "-")


def page_of(path: str) -> str:
    """Where the page of a file or folder is, from the root. Servers hide what begins with a dot."""
    visible = path.removeprefix(".").removesuffix("README.md")
    if path in folders or path.endswith("README.md"):
        return normpath(f"./{visible}/index.html")
    return visible if path.endswith(".svg") else visible.removesuffix(".md") + ".html"


def link(at: str, target: str) -> str:
    """A relative address, from a page's folder, of what a lesson there calls `target`."""
    path, hash_sign, fragment = target.partition("#")
    found = normpath(f"{at}/{path}")
    if path and (found in files or found in folders):
        return relpath(page_of(found), at) + hash_sign + fragment
    return target


def write(path: str, title: str, main: str, kind: str, toc: str = "") -> None:
    """The page of `path`, in the template."""
    where = page_of(path)
    at = relpath(".", dirname(where))
    above = map(str, reversed(Path(path.removesuffix("/README.md")).parents))
    crumbs = [f' / <a href="{at}/{page_of(name)}">{name.split("/")[-1]}</a>' for name in above if name in folders]
    turn = ""
    for rel, step in [("prev", -1), ("next", 1)] if path in order else []:
        if 0 <= (n := order.index(path) + step) < len(order):
            name = dirname(order[n]).split("/")[-1] or ("Glossary" if n else "Contents")
            turn += f'<a rel="{rel}" href="{at}/{page_of(order[n])}">{name}</a>'
    scripts = ["run.js", "pictures.js"] if kind == "lesson" else []
    page = template.substitute(
        title=escape(title), at=at, crumbs="".join(crumbs), toc=toc, main=main, kind=kind, turn=turn,
        scripts="".join(f'<script type="module" src="{at}/{script}"></script>' for script in scripts))
    (book / where).parent.mkdir(parents=True, exist_ok=True)
    (book / where).write_text(page, encoding="utf-8")


def within(tokens: Sequence[Token], n: int) -> int:
    """In how many links and bold words a piece of text stands."""
    return sum(token.nesting for token in tokens[:n] if token.type.startswith(("link", "strong")))


def text(_: Any, tokens: Sequence[Token], n: int, __: Any, env: dict[str, Any]) -> str:
    """Text; in a lesson's sentences the first mention of each of the glossary's terms leads there."""

    def once(match: re.Match[str]) -> str:
        """The mention, with a link if it is the first."""
        term = match[1].lower()
        if term in env["linked"]:
            return match[0]
        env["linked"].add(term)
        href = f"{relpath('GLOSSARY.html', env['at'])}#{slug(term)}"
        return f'<a class="term" href="{href}">{match[0]}</a>'

    html = escape(tokens[n].content, quote=False)
    return terms.sub(once, html) if tokens[n].meta.get("prose") and not within(tokens, n) else html


def code_inline(_: Any, tokens: Sequence[Token], n: int, __: Any, env: dict[str, Any]) -> str:
    """Code in a sentence; what names a file leads there: in the folder named last, here, in the topic, the root."""
    name, at = tokens[n].content, env["at"]
    code = f"<code>{escape(name)}</code>"
    if name.endswith("/"):
        env["folder"] = name
    if within(tokens, n) or not re.fullmatch(r"(?!/)[\w./-]*[./][\w./-]*", name):
        return code
    below = [path for path in files if path.startswith(f"{at}/") and path.endswith(f"/{name}")]
    for found in [f"{at}/{env['folder']}/{name}", f"{at}/{name}", *below, f"{at}/../{name}", name]:
        if normpath(found) in files or normpath(found) in folders:
            return f'<a class="code" href="{link(at, relpath(found, at))}">{code}</a>'
    return code


def fence(_: Any, tokens: Sequence[Token], n: int, __: Any, env: dict[str, Any]) -> str:
    """A block: a console's commands each an element of its own, other languages coloured."""
    content, language = tokens[n].content, tokens[n].info or "text"
    if language != "console":
        code = highlight(content, get_lexer_by_name(language, stripnl=False), HtmlFormatter(nowrap=True))
        return f'<pre tabindex="0"><code>{code}</code></pre>\n'
    made = ""
    for line, output in re.findall(r"^(\$ .*)\n((?:(?!\$ ).*\n)*)", content, re.M):
        output = output and f'<pre class="output" tabindex="0">\n{escape(output)}</pre>'
        made += f'<div class="command"><pre class="line" tabindex="0">{escape(line)}</pre>{output}</div>'
    why = f' data-why="This room {WHY[env["at"]]}: what you see was recorded."' if env["at"] in WHY else ""
    return f'<div class="console"{why}>{made}</div>\n'


markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
for rule in (text, code_inline, fence):
    markdown.add_render_rule(rule.__name__, rule)


def lesson(path: str) -> None:
    """The page of a Markdown file."""
    at = dirname(path) or "."
    setattr(markdown, "normalizeLink", lambda url: link(at, url))
    tokens, title = markdown.parse(files[path].read_text(encoding="utf-8")), ""
    for token, inline in zip(tokens, tokens[1:]):
        if token.type == "heading_open":
            token.attrs["id"] = slug(inline.content)
            title = title or inline.content
        for child in inline.children or [] if token.type == "paragraph_open" else []:
            child.meta["prose"] = at.count("/") == 1
    html = markdown.renderer.render(tokens, markdown.options, {"at": at, "folder": "", "linked": set()})
    html = html.replace("<table", '<div class="table" tabindex="0"><table').replace("</table>", "</table></div>")
    html = re.sub("<th([^>]*)></th>", r"<td\1></td>", html)
    html = re.sub(r'<img src="([^"]+)"[^>]*>', r'<a class="figure" href="\1">\g<0></a>', html)
    if path == "GLOSSARY.md":
        html = re.sub(r"<p(><strong>(.+?)\.<)", lambda term: f'<p id="{slug(term[2])}"{term[1]}', html)
    if at in PICTURES:
        html = html.replace("<h2", f'<section class="picture" data-picture="{PICTURES[at]}"></section><h2', 1)
    if at not in WHY:
        twin = f'<section class="twin" data-room="{at}"></section>'
        html = re.sub(r'(<h2 id="the-same-in-python">.*?)(?=<h2|\Z)', rf"\1{twin}", html, flags=re.S)
    heads = re.findall('<h2 id="(.*?)">(.*)</h2>', html)
    items = "".join(f'<li><a href="#{anchor}">{re.sub("</?a.*?>", "", words)}</a></li>' for anchor, words in heads)
    write(path, title, html, "lesson", f'<nav class="toc" aria-label="on this page"><ol>{items}</ol></nav>')


def main() -> None:
    """All of it. Each file stands in the book as it is, too, for the programs to read."""
    formatter = HtmlFormatter(linenos="inline", lineanchors="L", anchorlinenos=True, cssclass="source")
    for path, file in files.items():
        copy = book / path.removeprefix(".")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        if path.endswith(".md"):
            lesson(path)
        elif file.suffix != ".svg":
            lexer = (find_lexer_class_for_filename(path) or TextLexer)(stripnl=False)
            code = highlight(file.read_text(encoding="utf-8"), lexer, formatter)
            write(path, file.name, f"<h1>{file.name}</h1>{code}", "file")
    for folder in folders:
        if f"{folder}/README.md" not in files:
            names = [relpath(path, folder) for path in files if path.startswith(f"{folder}/")]
            items = "".join(f'<li><a href="{link(folder, name)}"><code>{name}</code></a></li>' for name in names)
            write(folder, folder, f"<h1>{folder}</h1><ul>{items}</ul>", "file")
    for file in [*here.glob("*.css"), *here.glob("*.js")]:
        shutil.copy(file, book)
    subprocess.run([here / "programs", root, book.parent], check=True)
    programs = [program.stem for program in (book / "programs").glob("*.wasm")]
    contents = {"programs": programs, "files": list(files)}
    (book / "contents.json").write_text(json.dumps(contents), encoding="utf-8")


if __name__ == "__main__":
    main()
