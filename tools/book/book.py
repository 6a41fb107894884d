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

WHY = {  # a topic's programs do not run in a page
    "concurrency": "is about processes and threads, which a page has not",
    "asyncio": "waits for sockets, and a page may not open any",
    "ffi": "is about shared libraries, which a page cannot load",
}
ELSEWHERE = re.compile(  # what a line needs that no page has; an interactive demo plays alone there
    r"(?<!--interactive --)\bpython3?\b|\btools/|ulimit|\byes\b|\bkill\b|<&-|eventloop_demo|concurrency/")
RECORDED = '<p class="verdict">Recorded: a page has no other process, such as a python3 beside the demo.</p>'
WIDE, DEEP = "reads memory as 64 bits lay it out, and a page has 32", "goes deeper than a browser's stack lets it"
NO_TWIN = {"datastructures/dict": WIDE, "datastructures/set": WIDE, "objectmodel/slots": WIDE,
           "iterators/generator": DEEP, "metaprogramming/attributes": DEEP}
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
known = files.keys() | folders
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
    return relpath(page_of(found), at) + hash_sign + fragment if path and found in known else target


def write(path: str, title: str, main: str, toc: str = "") -> None:
    """The page of `path`, in the template."""
    at = relpath(".", dirname(page_of(path)))
    above = map(str, reversed(Path(path.removesuffix("/README.md")).parents))
    crumbs = [f' / <a href="{at}/{page_of(name)}">{name.split("/")[-1]}</a>' for name in above if name in folders]
    turn = ""
    for rel, step in [("prev", -1), ("next", 1)] if path in order else []:
        if 0 <= (n := order.index(path) + step) < len(order):
            name = dirname(order[n]).split("/")[-1] or ("Glossary" if n else "Contents")
            turn += f'<a rel="{rel}" href="{at}/{page_of(order[n])}">{name}</a>'
    page = template.substitute(title=escape(title), at=at, crumbs="".join(crumbs), toc=toc, main=main, turn=turn,
                               kind="lesson" if path.endswith(".md") else "file")
    (book / page_of(path)).write_text(page, encoding="utf-8")


def text(_: Any, tokens: list[Token], n: int, __: Any, env: dict[str, Any]) -> str:
    """Text; in a lesson's sentences the first mention of each of the glossary's terms leads there."""

    def once(match: re.Match[str]) -> str:
        """The mention, with a link if it is the first."""
        term = match[1].lower()
        if term in env["linked"]:
            return match[0]
        env["linked"].add(term)
        return f'<a class="term" href="{relpath("GLOSSARY.html", env["at"])}#{slug(term)}">{match[0]}</a>'

    html = escape(tokens[n].content, quote=False)
    return terms.sub(once, html) if tokens[n].meta.get("prose") else html


def code_inline(_: Any, tokens: list[Token], n: int, __: Any, env: dict[str, Any]) -> str:
    """Code in a sentence; what names a file leads there: in the folder named last, here, in the topic, the root."""
    name, at = tokens[n].content, env["at"]
    code = f"<code>{escape(name)}</code>"
    env["folder"] = name if name.endswith("/") else env["folder"]
    if tokens[n].meta["marked"] or not re.fullmatch(r"(?!/)[\w./-]*[./][\w./-]*", name):
        return code
    below = [path for path in files if path.startswith(f"{at}/") and path.endswith(f"/{name}")]
    places = [f"{at}/{env['folder']}/{name}", f"{at}/{name}", *below, f"{at}/../{name}", name]
    found = next((normpath(place) for place in places if normpath(place) in known), "")
    return f'<a class="code" href="{relpath(page_of(found), at)}">{code}</a>' if found else code


def fence(_: Any, tokens: list[Token], n: int, __: Any, env: dict[str, Any]) -> str:
    """A block: a console's commands each an element of its own, other languages coloured."""
    content, language = tokens[n].content, tokens[n].info or "text"
    if language != "console":
        code = highlight(content, get_lexer_by_name(language, stripnl=False), HtmlFormatter(nowrap=True))
        return f'<pre tabindex="0"><code>{code}</code></pre>\n'
    made, why = "", WHY.get(env["at"].split("/")[0], "")
    for line, output in re.findall(r"^(\$ .*)\n((?:(?!\$ ).*\n)*)", content, re.M):
        output = output and f'<pre class="output" tabindex="0">\n{escape(output)}</pre>'
        verdict = RECORDED if ELSEWHERE.search(line) and not why else ""
        made += f'<div class="command"><pre class="line" tabindex="0">{escape(line)}</pre>{output}{verdict}</div>'
    why = why and f' data-why="This room {why}: what you see was recorded."'
    return f'<div class="console"{why}>{made}</div>\n'


markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
for rule in (text, code_inline, fence):
    markdown.add_render_rule(rule.__name__, rule)


def lesson(path: str, source: str) -> None:
    """The page of Markdown."""
    at = dirname(path) or "."
    setattr(markdown, "normalizeLink", lambda url: link(at, url))
    tokens = markdown.parse(source)
    for token, inline in zip(tokens, tokens[1:]):
        if token.type == "heading_open":
            token.attrs["id"] = slug(inline.content)
        marked, prose = 0, token.type == "paragraph_open" and at.count("/") == 1
        for child in inline.children or []:
            marked += child.nesting if child.type.startswith(("link", "strong")) else 0
            child.meta.update(marked=marked, prose=prose and not marked)
    html = markdown.renderer.render(tokens, markdown.options, {"at": at, "folder": "", "linked": set()})
    html = html.replace("<table", '<div class="table" tabindex="0"><table').replace("</table>", "</table></div>")
    html = re.sub("<th([^>]*)></th>", r"<td\1></td>", html)
    html = re.sub(r'<img src="([^"]+)"[^>]*>', r'<a class="figure" href="\1">\g<0></a>', html)
    if path == "GLOSSARY.md":
        html = re.sub(r"<p(><strong>(.+?)\.<)", lambda term: f'<p id="{slug(term[2])}"{term[1]}', html)
    if at in PICTURES:
        html = html.replace("<h2", f'<section class="picture" data-picture="{PICTURES[at]}"></section><h2', 1)
    if at.split("/")[0] not in WHY:
        why = f'<p class="verdict">twin.py {NO_TWIN[at]}: the tests run it, a page cannot.</p>' if at in NO_TWIN else ""
        twin = f'<section class="twin" data-room="{at}">{why}</section>'
        html = re.sub(r'(<h2 id="the-same-in-python">.*?)(?=<h2|\Z)', rf"\1{twin}", html, flags=re.S)
    heads = re.findall('<h2 id="(.*?)">(.*)</h2>', html)
    items = "".join(f'<li><a href="#{anchor}">{re.sub("</?a.*?>", "", words)}</a></li>' for anchor, words in heads)
    toc = f'<nav class="toc" aria-label="on this page"><ol>{items}</ol></nav>' if items else ""
    write(path, tokens[1].content, html, toc)


# All of it. Each file stands in the book as it is, too, for the programs to read.
formatter = HtmlFormatter(linenos="inline", lineanchors="L", anchorlinenos=True, cssclass="source")
for path, file in files.items():
    copy = book / path.removeprefix(".")
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, copy)
    if path.endswith(".md"):
        lesson(path, file.read_text(encoding="utf-8"))
    elif file.suffix != ".svg":
        lexer = (find_lexer_class_for_filename(path) or TextLexer)(stripnl=False)
        code = highlight(file.read_text(encoding="utf-8"), lexer, formatter)
        write(path, file.name, f"<h1>{file.name}</h1>{code}")
for readme in {f"{folder}/README.md" for folder in folders} - files.keys():
    names = [relpath(path, dirname(readme)) for path in files if path.startswith(dirname(readme) + "/")]
    lesson(readme, "\n- ".join([f"# {dirname(readme)}\n", *(f"[`{name}`]({name})" for name in names)]))
shutil.copy(here / "book.css", book)
subprocess.run([here / "programs", root, book.parent], check=True)
contents = {"programs": [program.stem for program in (book / "programs").glob("*.wasm")], "files": [*files]}
(book / "contents.json").write_text(json.dumps(contents), encoding="utf-8")
