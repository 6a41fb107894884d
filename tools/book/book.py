"""Makes the book's pages from what stands in the repository: lessons, glossary, sources, pictures.

usage: book.py SOURCE_ROOT BUILD_ROOT [--pages]    into BUILD_ROOT/book; then the programs, unless --pages

The converter is markdown-it-py: CommonMark's own test suite and GitHub's tables, and it hands out the tokens, so that
what a page has beyond the lesson (a command as an element, the links) is decided on these and not on HTML. pandoc
would be 150 MB and a process for each file, cmark-gfm colours no code. Pygments colours, 700 sources in one process.
Both are Debian packages: python3-markdown-it, python3-pygments.
"""

import re
import shutil
import subprocess
import sys
from html import escape
from os.path import normpath, relpath
from pathlib import Path
from string import Template

from markdown_it import MarkdownIt
from markdown_it.token import Token
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

WHY = {
    "concurrency/multiprocessing": "This room is about processes, and a page has none: what you see was recorded.",
    "concurrency/threading": "This room is about threads and the kernel's futexes, which a page has not: what you see was recorded.",
    "concurrency/gil": "This room is about threads that take turns, which a page has not: what you see was recorded.",
    "asyncio/eventloop": "This room waits for sockets, and a page may not open any: what you see was recorded.",
    "asyncio/coroutines": "This room's loop waits for sockets, and a page may not open any: what you see was recorded.",
    "ffi/ctypes": "This room loads shared libraries, which a page cannot: what you see was recorded.",
    "ffi/extension": "This room is loaded into python3, which a page cannot: what you see was recorded.",
}
PICTURES = {"datastructures/dict": "dict", "gc/generational": "gc", "asyncio/eventloop": "loop"}
FOLDERS = ["common", "tools", ".ci", "pictures"]  # beside the topics
DEFINITION = re.compile(r"^(?!typedef|static_assert)\w[\w \t*]*?\b(\w+)\([^;{}]*\) \{$", re.M)
Page = tuple[str, str]  # where, from the root, and its title

root, book, here = Path(), Path(), Path(__file__).parent
rooms: list[list[str]] = []
order: list[Page] = []  # the pages that one reads one after another
glossary: dict[str, str] = {}  # a term in small letters: its text
missing: set[str] = set()


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def page_of(target: str) -> str | None:
    """Where the page of a file or folder is, from the root; None if the repository has no such file."""
    path = root / target
    if not path.exists() or target.startswith(("build", "practice", "..", ".git")):
        return None
    if path.name == "README.md":
        return normpath(f"{target}/../index.html")
    target = "." if target == "." else target.removeprefix(".")  # servers hide .ci
    if path.is_dir():
        return normpath(f"{target}/index.html")
    return f"{target[:-3]}.html" if target.endswith(".md") else target if path.suffix == ".svg" else f"{target}.html"


def link(at: str, target: str) -> str | None:
    """A relative address, from a page's folder, of what a lesson there calls `target`."""
    path, _, fragment = target.partition("#")
    if re.match(r"\w+:", target) or not path:
        return target
    found = page_of(normpath(f"{at}/{path}"))
    return found and relpath(found, at) + (f"#{fragment}" if fragment else "")


def coloured(code: str, language: str) -> str:
    """Code as HTML, its words in classes."""
    try:
        lexer = get_lexer_by_name(language) if "." not in language else get_lexer_for_filename(language)
    except ClassNotFound:
        lexer = TextLexer()
    lexer.stripnl = False
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def legible(html: str, folder: Path) -> str:
    """Pictures that on a small screen scroll rather than shrink until nobody can read them: to 0.6 of their size at most."""

    def sized(match: re.Match[str]) -> str:
        """An image, and how small it may become; a pt is 4/3 of a pixel."""
        size = re.search(r'<svg[^>]* width="(\d+)(pt)?', (folder / match[1]).read_text(encoding="utf-8"))
        return f'{match[0]} style="min-width: {int(size[1]) * (0.8 if size[2] else 0.6):.0f}px"' if size else match[0]

    return re.sub(r'<img src="([^"]+\.svg)"', sized, html)


def write(where: str, title: str, main: str, toc: str = "", kind: str = "lesson") -> None:
    """A page, in the template."""
    at = relpath(".", Path(where).parent)
    parts = Path(where.removesuffix("index.html")).parts
    crumbs = [f'<a href="{at}/index.html">Internals of Python, in C</a>']
    for n, part in enumerate(parts, 1):
        part = part.removesuffix(".html")
        crumbs.append(f'<a href="{at}/{"/".join(parts[:n])}/index.html">{part}</a>' if n < len(parts) else f"<span>{part}</span>")
    places = [place for place, _ in order]
    now = places.index(where) if where in places else None
    turn = ""
    for rel, n in [("prev", now - 1), ("next", now + 1)] if now is not None else []:
        if 0 <= n < len(order):
            turn += f'<a rel="{rel}" href="{at}/{order[n][0]}">{escape(order[n][1])}</a>'
    scripts = [name for name, wanted in [("run.js", 'class="command"' in main), ("pictures.js", "data-picture" in main)]
               if wanted and (here / name).exists()]
    text = Template((here / "template.html").read_text(encoding="utf-8")).substitute(
        title=escape(title), at=at, crumbs=" / ".join(crumbs), toc=toc, main=re.sub("<th([^>]*)></th>", r"<td\1></td>", legible(main, root / Path(where).parent)), kind=kind, turn=turn,
        scripts="".join(f'<script type="module" src="{at}/{name}"></script>' for name in scripts))
    out = book / where
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")


class Lesson:
    """A Markdown file on its way to a page."""

    def __init__(self, path: Path) -> None:
        """Reads the file, and which functions its room and topic define."""
        self.at = relpath(path.parent, root)
        self.room = self.at if self.at in ["/".join(room[1:3]) for room in rooms] else ""
        self.linked: set[str] = set()
        self.folder = ""  # which the table's row is about
        self.sections: list[str] = []
        self.markdown = MarkdownIt("commonmark", {"html": True}).enable("table")
        for name in ["fence", "code_inline", "html_block", "table_open", "table_close", "tr_open"]:
            self.markdown.add_render_rule(name, lambda _, tokens, n, *__: getattr(self, tokens[n].type)(tokens[n]))
        self.tokens = self.markdown.parse(path.read_text(encoding="utf-8"))
        self.functions: dict[str, str] = {}
        for folder in [path.parent, path.parent.parent] if self.room else []:
            for source in sorted(folder.glob("*.c")):
                text = source.read_text(encoding="utf-8")
                for match in DEFINITION.finditer(text) if source.name != "whiteboard.c" else []:
                    line = text.count("\n", 0, match.start(1)) + 1
                    self.functions.setdefault(match[1], f"{relpath(source, path.parent)}#L{line}")

    def table_open(self, _: Token) -> str:
        """A table scrolls by itself where it is wider than the page."""
        return '<div class="table" tabindex="0"><table>'

    def table_close(self, _: Token) -> str:
        """Ends it."""
        self.folder = ""
        return "</table></div>"

    def tr_open(self, _: Token) -> str:
        """What the row before was about is over."""
        self.folder = ""
        return "<tr>\n"

    def html_block(self, token: Token) -> str:
        """HTML as it stands; its tables and pictures like those that Markdown makes."""
        html = token.content.replace("<table", self.table_open(token)[:-7] + "<table").replace("</table>", self.table_close(token))
        return re.sub(r'<img src="([^"]+)"[^>]*>', r'<p class="figure"><a href="\1">\g<0></a></p>', html)

    def code_inline(self, token: Token) -> str:
        """Code in a sentence; the first that names a file, or a function defined here, leads there."""
        text = token.content
        code, target = f"<code>{escape(text)}</code>", None
        if text.endswith("/"):
            self.folder = text
        if token.meta.get("linked"):
            return code
        if re.fullmatch(r"[\w./-]*[\w/]", text) and not text.startswith("/"):
            places = [self.folder, "", "demo/", "proof/", "pictures/", "../"] if self.at != "." else [""]
            target = next((found for place in places if (found := link(self.at, place + text))), None)
        elif (call := re.match(r"(\w+)\(", text)) and not token.meta.get("theirs"):
            target = self.functions.get(call[1]) and link(self.at, self.functions[call[1]])
        return f'<a class="code" href="{target}">{code}</a>' if target else code

    def fence(self, token: Token) -> str:
        """A block: a console's commands each an element of its own, other languages coloured."""
        if token.info != "console":
            return f'<pre tabindex="0"><code>{coloured(token.content, token.info or "text")}</code></pre>\n'
        made = ""
        for command in re.split(r"^(?=\$ )", token.content, flags=re.M):
            line, _, output = command.partition("\n")
            if not line:
                continue
            program = re.fullmatch(r"\$ (?:\./)?build/\w+/(\w+)((?: [\w./:=-]+)*)", line)
            data = f' data-program="{program[1]}" data-args="{escape(str(program[2].split()).replace(chr(39), chr(34)))}"' if program else ""
            made += f'<div class="command"{data}><pre class="line" tabindex="0">{escape(line)}</pre>'
            made += f'<pre class="output" tabindex="0">\n{escape(output)}</pre></div>' if output else "</div>"
        why = f' data-why="{WHY[self.room]}"' if self.room in WHY else ""
        return f'<div class="console" data-room="{self.room}"{why}>{made}</div>\n'

    def terms(self, text: Token) -> list[Token]:
        """A piece of text with the first mention of each of the glossary's terms made a link."""
        pattern = "|".join(re.escape(term) for term in sorted(glossary, key=len, reverse=True) if term not in self.linked)
        match = re.search(rf"\b({pattern})(s?)\b", text.content, re.I) if pattern else None
        if not match:
            return [text]
        term = match[1].lower()
        self.linked.add(term)
        href = f'{link(self.at, relpath("GLOSSARY.md", self.at))}#{slug(term)}'
        made = Token("html_inline", "", 0, content=f'<a class="term" href="{href}" title="{escape(glossary[term])}">{match[0]}</a>')
        before, after = text.copy(content=text.content[: match.start()]), text.copy(content=text.content[match.end() :])
        return [*self.terms(before), made, *self.terms(after)]

    def inline(self, token: Token, prose: bool) -> None:
        """Links lead to pages, pictures open alone, terms to the glossary."""
        made: list[Token] = []
        within = bold = 0
        for child in token.children or []:
            within += child.nesting * (child.type in ("link_open", "link_close"))
            bold += child.nesting * (child.type in ("strong_open", "strong_close"))
            child.meta = {"linked": within > 0, "theirs": "CPython" in "".join(self.sections[-1:])}
            if child.type == "link_open":
                target = str(child.attrs["href"])
                found = link(self.at, target)
                term = token.children[token.children.index(child) + 1].content.lower() if token.children else ""
                if found and target.endswith("GLOSSARY.md"):
                    term = term if term in glossary else term.removesuffix("s")
                    found += f"#{slug(term)}" if term in glossary else ""
                    self.linked.add(term)
                if not found:
                    missing.add(f"{self.at}: {target}")
                child.attrs = {"href": found} if found else {"class": "missing"}
            if child.type == "image":
                source = escape(str(child.attrs["src"]))
                made += [Token("html_inline", "", 0, content=f'<a class="figure" href="{source}">'), child, Token("html_inline", "", 0, content="</a>")]
            elif child.type == "text" and prose and not within and not bold:
                made += self.terms(child)
            else:
                made.append(child)
        token.children = made

    def added(self) -> str:
        """What a page has at the end of the section before: the live picture, the twins."""
        if not self.sections and self.room in PICTURES:
            return f'<section class="picture" data-picture="{PICTURES[self.room]}"></section>'
        if self.sections[-1:] == ["The same in Python"] and self.room not in WHY:
            return f'<section class="twin" data-room="{self.room}" data-twin="{self.room.split("/")[1]}_twin" data-python="twin.py"></section>'
        return ""

    def page(self, where: str) -> None:
        """Writes it."""
        made, level, title = [], 0, ""
        for n, token in enumerate(self.tokens):
            level += (token.type in ("table_open", "heading_open")) - (token.type in ("table_close", "heading_close"))
            if token.type == "heading_open":
                heading = self.tokens[n + 1].content
                token.attrs["id"] = slug(heading)
                if token.tag == "h1":
                    title = heading
                if token.tag == "h2":
                    made.append(Token("html_block", "", 0, content=self.added()))
                    self.sections.append(heading)
            if token.type == "inline":
                before = self.tokens[n - 4 : n]
                first = (token.children or [Token("", "", 0)])[0]
                if first.type == "em_open" and (token.children or [])[-1].type == "em_close" and before and (
                    before[0].type == "paragraph_open" and any(child.type == "image" for child in before[1].children or [])
                    or "<img" in self.tokens[n - 2].content):
                    self.tokens[n - 1].attrs["class"] = "caption"
                if where == "GLOSSARY.html" and first.type in ("text", "strong_open") and "**" in token.content:
                    self.tokens[n - 1].attrs["id"] = slug(token.content.split("**")[1].rstrip("."))
                self.inline(token, prose=not level and bool(self.room))
            made.append(token)
        items = "".join(f'<li><a href="#{slug(name)}">{self.markdown.renderInline(name)}</a></li>' for name in self.sections)
        toc = f'<nav class="toc" aria-label="on this page"><ol>{items}</ol></nav>' if len(self.sections) > 2 else ""
        write(where, title, self.markdown.renderer.render(made, self.markdown.options, {}), toc)


def source(path: Path) -> None:
    """The page of a file: its lines numbered, each with an anchor, and the headers it includes one click away."""
    target = relpath(path, root)
    at = relpath(path.parent, root)

    def included(match: re.Match[str]) -> str:
        """A header's name, with its page."""
        places = [at, f"{at}/..", f"{at}/../..", "."]
        found = next((found for place in places if (found := page_of(normpath(f"{place}/{match[1]}")))), None)
        return f'<a href="{relpath(found, at)}">{match[0]}</a>' if found else match[0]

    name = path.name if path.suffix not in (".diff", ".sh", "") else {".diff": "diff", ".sh": "sh"}.get(path.suffix, "sh")
    html = coloured(path.read_text(encoding="utf-8", errors="replace"), name if path.stat().st_size < 100000 else "text")
    html = re.sub(r'(?<=<span class="cpf">)&quot;([\w./-]+)&quot;', included, html)
    lines = "\n".join(f'<a id="L{n}" href="#L{n}" tabindex="-1">{n}</a>{line}' for n, line in enumerate(html.splitlines(), 1))
    write(str(page_of(target)), path.name, f'<h1>{path.name}</h1><pre class="source" tabindex="0">{lines}\n</pre>', kind="file")


def folder(path: Path) -> None:
    """A folder's pages, and one that names them where no lesson does."""
    inside = [entry for entry in sorted(path.iterdir()) if entry.name != "__pycache__" and (path != root or entry.is_file() and not entry.name.startswith("."))]
    at = relpath(path, root)
    for entry in inside:
        if entry.is_dir():
            folder(entry)
        elif entry.suffix == ".svg":
            (book / at).mkdir(parents=True, exist_ok=True)
            shutil.copy(entry, book / at)
        elif entry.suffix != ".md":
            source(entry)
    if not (path / "README.md").exists():
        items = "".join(f'<li><a href="{link(at, entry.name)}"><code>{entry.name}</code></a></li>' for entry in inside)
        write(str(page_of(at)), at, f"<h1>{at}</h1><ul>{items}</ul>", kind="file")


def main() -> None:
    """All of it."""
    global root, book
    root, book = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve() / "book"
    rooms.extend(line.split(maxsplit=3) for line in (root / "rooms.txt").read_text(encoding="utf-8").splitlines() if line[:1].isdigit())
    text = (root / "GLOSSARY.md").read_text(encoding="utf-8")
    entries = re.findall(r"^\*\*([^*]+)\.\*\* ((?:.+\n)+)", text, re.M)
    names = [name.partition(",")[0].lower() for name, _ in entries]
    for name, told in entries:
        if names.count(name.lower()) == 1:
            glossary[name.lower()] = re.sub(r"\s+", " ", re.sub(r" ?\(\[.*|[*`]|\[|\]\([^)]*\)", "", told)).strip()
    topics = list(dict.fromkeys(room[1] for room in rooms))
    chapters = [""]
    for topic in topics:
        chapters += [topic, *(f"{topic}/{room[2]}" for room in rooms if room[1] == topic)]
    order.extend((normpath(f"{at}/index.html").lstrip("/"), at.split("/")[-1] or "Contents") for at in chapters if (root / at / "README.md").exists())
    order.append(("GLOSSARY.html", "Glossary"))
    for at, _ in order:
        path = root / (Path(at).parent / "README.md" if at != "GLOSSARY.html" else "GLOSSARY.md")
        Lesson(path).page(at)
    for name in [*topics, *FOLDERS, "."]:
        folder(root / name)
    for name in ["book.css", "run.js", "pictures.js"]:
        if (here / name).exists():
            shutil.copy(here / name, book)
    for line in sorted(missing):
        print(f"no such file yet: {line}", file=sys.stderr)
    if "--pages" not in sys.argv and (here / "programs").exists():
        subprocess.run([here / "programs", root, book.parent], check=True)


if __name__ == "__main__":
    main()
