"""What a page is made of: its values, and one call for each part of the page.

    page = Page("cell", CONTROLS)
    record = run(CellConfig(**page.values))
    page.header()
    page.controls("cell", "activation", "length")
    page.picture(scene)
    page.sentence(page.words("sentence.loss", loss=...))
    with page.section("shapes") as opened:
        if opened: ...
    page.try_this(wipe={"wipe": True}, relu={"activation": "relu"})
    page.predict("largest", question, options, answer=2, explanation=...)
    page.code(source, output)
    page.take_away("one", "two")
    page.corrections("F1", "F16")
    page.share()
    page.downloads(csv=lambda: ..., npz=lambda: ..., html=lambda: ...)

Titles, labels and texts come from the page's words; texts made of two parts are `head|text`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from html import escape
from typing import Any, Literal
from urllib.parse import quote
from zlib import crc32

import streamlit as st

from seqviz import player, text
from seqviz.figures.files import columns_csv, columns_npz
from seqviz.text import Words
from seqviz.ui import component, language, links, notices, sharing
from seqviz.ui.controls import Control, Value
from seqviz.ui.notices import Notice
from seqviz.ui.session import Controls
from seqviz.ui.still import INK, still

MIME = {"csv": "text/csv", "npz": "application/octet-stream", "html": "text/html"}
SHARED_WORDS = ("frame", "controls", "notices", *text.PLAYER, "figures")


class Page:
    """One page in one run of its script, in the reader's language."""

    def __init__(
        self, name: str, controls: Sequence[Control] = (), also: Sequence[str] = ()
    ) -> None:
        """`also` are pages whose words this one uses where it has none of its own."""
        self.name = name
        self.language = language.current()
        self.player_words = text.player_words(self.language)
        self.words = Words(self.language, *SHARED_WORDS, *also, name)
        self._controls = Controls(name, controls)
        self._told: list[Notice] = []
        self._slot = st.empty()
        st.session_state["seqviz-page"] = self

    @property
    def values(self) -> dict[str, Any]:
        """The valid value of every control, by key; complete before anything is drawn."""
        return dict(self._controls.values)

    def set(self, **values: Value) -> None:
        """Give controls new values; only before they are drawn."""
        self._controls.set(values)

    def lock(self, **values: Value) -> None:
        """Show these values in their controls and let nobody change them in this run."""
        self._controls.lock(values)

    def offer(self, **options: Collection[str]) -> None:
        """Show only these options of a choice in this run, and the one that is chosen."""
        self._controls.offered.update(options)

    def notice(self, key: str, /, about: str = "", **values: object) -> None:
        """Tell the reader something, as plain text; it replaces what control `about` would say."""
        self._told.append(Notice(key, {**values, **self._controls.overrule(about)}))

    def header(self) -> None:
        """The question that the page answers, what it is about, and room for notices."""
        st.title(self.words("question"), anchor=False)
        if "lead" in self.words:
            st.html(f'<p class="seqviz-lead">{escape(self.words("lead"))}</p>')
        self._slot = st.container()

    def controls(self, *keys: str) -> None:
        """Draw these controls in a row, which breaks where the screen is narrow."""
        with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
            for key in keys:
                self._controls.draw(key, self.words)

    @contextmanager
    def panel(self, name: str, on: bool = False) -> Iterator[None]:
        """A button `panel.<name>` that opens a panel over the page, for controls.

        It is filled while `on`: what is set in there holds now.
        """
        look: Literal["primary", "secondary"] = "primary" if on else "secondary"
        with st.popover(self.words(f"panel.{name}"), width="content", type=look):
            yield

    def row(self, labelled: bool = False) -> Any:
        """A row that breaks where the screen is narrow: `with page.row(): ...`.

        What is drawn first is sent first: a page may make the row, draw its picture, and fill the
        row afterwards. Controls with labels above them stand on one line below the labels.
        """
        line: Literal["bottom", "center"] = "bottom" if labelled else "center"
        return st.container(horizontal=True, vertical_alignment=line, gap="small", key="seqviz-row")

    def column(self, *keys: str) -> None:
        """Draw these controls one after the other, as their container lays them out."""
        for key in keys:
            self._controls.draw(key, self.words)

    def button(self, key: str, /, **values: Value) -> bool:
        """A button that sets controls, if any are given; True in the run after it was pressed."""
        return st.button(
            self.words(key), key=f"button:{key}", on_click=self._controls.set, args=(values,)
        )

    def tick(self, key: str, on: bool, text: str, /, **values: Value) -> None:
        """A box that is ticked when `on`; a click sets these controls. `text` stands beside it."""
        name = f"tick:{key}"
        st.session_state[name] = on
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.checkbox(
                self.words(key), key=name, on_change=self._controls.set, args=(values,), width=240
            )
            self.sentence(text)

    def picture(
        self,
        scene: Any,
        step: int | None = None,
        *,
        name: str = "player",
        address: bool = True,
        autoplay: bool = True,
    ) -> None:
        """The scene in the player; `step` (0-based) is where it rests before anybody steps.

        A second player on the page has a `name` of its own and no `address`: the link holds the
        step and the pins of one.
        """
        options = {
            "host": "streamlit",
            "language": self.language,
            "autoplay": autoplay,
            "step": step,
            "address": address,
            "downloads": True,
        }
        sent = player.scene_json(scene)
        if address and self._controls.opened:
            for notice in links.check_cursor(links.address(), sent):
                self._controls.tell(notice)
        component.player(sent, options, self._controls.session.pictures, key=name)

    @contextmanager
    def progress(self) -> Iterator[Callable[[float, str], None]]:
        """A bar that is there while something long runs: `tell(share, text)` moves it."""
        bar = st.empty()

        def tell(share: float, text: str) -> None:
            bar.progress(min(1.0, share), text=text)

        yield tell
        bar.empty()

    def sentence(self, text: str) -> None:
        """A sentence about what the picture shows, as plain text."""
        st.html(f'<p class="seqviz-sentence" dir="auto">{escape(text)}</p>')

    def group(self) -> Any:
        """A place of its own for what may come and go: what follows keeps its place, and focus."""
        return st.container()

    @contextmanager
    def section(self, name: str, /, **values: object) -> Iterator[bool]:
        """A part that unfolds: `<name>.head` is its title, `<name>.intro` its first sentence.

        What it yields says whether it is open; a closed part is not computed, drawn or sent.
        """
        part = st.expander(self.words(f"{name}.head"), key=f"section:{name}", on_change="rerun")
        with part:
            if part.open and f"{name}.intro" in self.words:
                self.sentence(self.words(f"{name}.intro", **values))
            yield bool(part.open)

    def notes(self, *keys: str) -> None:
        """Sentences that explain, one paragraph each."""
        for key in keys:
            self.sentence(self.words(key))

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A small table as plain text; `head` are keys of words."""
        cells = [[self.words(key) for key in head], *rows]
        lines = [
            "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in row)
            for tag, row in zip(["th"] + ["td"] * len(rows), cells, strict=True)
        ]
        body = "".join(f"<tr>{line}</tr>" for line in lines)
        st.html(f'<div class="seqviz-scroll"><table class="seqviz-table">{body}</table></div>')

    def figure(self, svg: str) -> None:
        """A small still picture; it names itself for those who cannot see it.

        It goes out as an image, in the theme's ink: Streamlit takes drawings out of its HTML.
        """
        image = still(svg, INK[st.context.theme.type or "light"])
        st.html(f'<div class="seqviz-scroll">{image}</div>')

    def heading(self, name: str) -> None:
        """The title `<name>.head` of a part that is always open."""
        st.header(self.words(f"{name}.head"), anchor=False)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A sign that something is being computed, for as long as it is."""
        with st.spinner(self.words("frame.busy"), show_time=False):
            yield

    def chart(
        self, name: str, figure: Any, alt: str, columns: Mapping[str, Any], **select: Any
    ) -> None:
        """A Plotly figure, its words for who cannot see it, its files; `select` is Streamlit's."""
        named = f"seqviz-{self.name}-{name}"
        picture = {"filename": named, "format": "png", "scale": 2}
        config = {"displaylogo": False, "toImageButtonOptions": picture}
        st.plotly_chart(figure, alt=alt, key=f"chart:{name}", config=config, **select)
        files: dict[str, Callable[[], str | bytes]] = {
            "csv": lambda: columns_csv(columns),
            "npz": lambda: columns_npz(columns),
        }
        with st.container(horizontal=True, gap="small"):
            for kind, compute in files.items():
                st.download_button(
                    self.words(f"save.chart_{kind}"), data=compute, file_name=f"{named}.{kind}",
                    mime=MIME[kind], on_click="ignore", key=f"chart:{name}:{kind}", type="tertiary",
                )  # fmt: skip

    def equations(self, lines: Sequence[str]) -> None:
        """Equations in LaTeX, in the order of computation; call it inside a section."""
        for line in lines:
            st.latex(line)

    def try_this(self, **actions: Mapping[str, Value]) -> None:
        """Numbered links; `try.<name>` says what to do and each sets the controls it names."""
        items = []
        for name, changes in actions.items():
            head, _, text = self.words(f"try.{name}").partition("|")
            address = f"{self.link(changes)}&{links.TRY}={quote(name)}"
            items.append(f"<li>{self._anchor(address, head)} {escape(text)}</li>")
        with self.section("try") as opened:
            if not opened:
                return
            st.html(f'<ol class="seqviz-list">{"".join(items)}</ol>')

    def predict(
        self, name: str, question: str, options: Sequence[str], answer: int, explanation: str
    ) -> None:
        """A question to commit to before the answer shows; call it inside a section.

        A new question (other numbers, other options) has not been answered yet.
        """
        key = f"predict:{name}:{crc32(repr((question, list(options), answer)).encode()):x}"
        self.sentence(question)
        choice = st.radio(
            question,
            range(len(options)),
            index=None,
            format_func=lambda index: notices.plain(options[index]),
            key=key,
            label_visibility="collapsed",
        )
        if st.button(self.words("predict.reveal"), key=f"{key}:reveal"):
            st.session_state[f"{key}:shown"] = choice
        shown = st.session_state.get(f"{key}:shown", "not yet")
        if shown is None:
            self.sentence(self.words("predict.choose"))
        elif shown != "not yet":
            verdict = self.words("predict.right" if shown == answer else "predict.wrong")
            self.sentence(f"{verdict} {explanation}")

    def code(self, source: Callable[[], str], output: Callable[[], str], note: str = "") -> None:
        """A short program and what it prints; `note` is the key of a sentence above it."""
        with self.section("code") as opened:
            if not opened:
                return
            if note:
                self.notes(note)
            self.listing(source(), output())

    def listing(self, source: str, output: str) -> None:
        """A program and what it prints, where the page stands."""
        st.code(source, language="python")
        st.code(output, language=None)

    def take_away(self, *names: str) -> None:
        """The few sentences `away.<name>` to remember."""
        items = "".join(f"<li>{escape(self.words(f'away.{name}'))}</li>" for name in names)
        st.header(self.words("away.head"), anchor=False)
        st.html(f'<ul class="seqviz-list">{items}</ul>')

    def corrections(self, *names: str) -> None:
        """Common errors `corrections.<name>`, each what is said and what is so."""
        with self.section("corrections") as opened:
            if not opened:
                return
            for name in names:
                said, _, so = self.words(f"corrections.{name}").partition("|")
                st.html(f"<p><strong>{escape(said)}</strong> {escape(so)}</p>")

    def next(self, page: str) -> None:
        """The question of the next page, as a link to it."""
        address = links.link(page, self.language, self._controls.write_shared())
        st.html(f'<p class="seqviz-next">{self._anchor(address, self.words("next"))}</p>')

    def doors(self, page: str, lines: Sequence[tuple[str, str, Mapping[str, str]]]) -> None:
        """Sentences, each with a link into another page: (sentence, link, values as written)."""
        items = [
            f"<li>{escape(text)} {self._anchor(links.link(page, self.language, values), into)}</li>"
            for text, into, values in lines
        ]
        st.html(f'<ul class="seqviz-list">{"".join(items)}</ul>')

    def link(self, changes: Mapping[str, Value] | None = None) -> str:
        """Relative link to this page with all its values, some of them changed."""
        return links.link(self.name, self.language, self._controls.write(changes))

    def share(self) -> None:
        """The link to this state, and its QR code.

        The code leaves out what is at its default: the fewer its squares, the farther it is read.
        """
        with self.section("share") as opened:
            if not opened:
                return
            short = links.link(self.name, self.language, self._controls.write_changed())
            sharing.draw(self.link(), short, self.words)

    def downloads(self, **files: Callable[[], str | bytes]) -> None:
        """Buttons that compute and save a file: `csv`, `npz`, `html`, labelled `save.<kind>`."""
        with self.section("save") as opened, st.container(horizontal=True):
            if not opened:
                return
            for kind, compute in files.items():
                st.download_button(
                    self.words(f"save.{kind}"),
                    data=compute,
                    file_name=f"seqviz-{self.name}.{kind}",
                    mime=MIME[kind],
                    on_click="ignore",
                    key=f"save:{kind}",
                )

    def finish(self) -> None:
        """What the frame calls when the page is drawn: notices, and the state for the address."""
        with self._slot:
            self._trying()
            notices.draw([*self._controls.notices, *self._told], self.words)

    def _trying(self) -> None:
        """What the reader set out to try; once a control has changed, with the way back.

        The way back has its room from the start, so that nothing below moves when it shows.
        """
        session = self._controls.session
        key = f"try.{session.trying}"
        head, bar, text = (self.words(key) if key in self.words else "").partition("|")
        if not bar:
            return
        address = links.link(self.name, self.language, session.start)
        back = self._anchor(
            f"{address}&{links.TRY}={quote(session.trying)}", self.words("try.again")
        )
        line = f"<strong>{escape(head)}</strong> {escape(text)} {back}"
        strayed = " seqviz-strayed" if session.strayed else ""
        st.html(f'<p class="seqviz-trying{strayed}">{line}</p>')

    @property
    def session(self) -> str:
        """Name of the server's memory of this visit."""
        return self._controls.session.pictures.reader

    def address(self) -> list[tuple[str, str]]:
        """What stands in the address: version, language and the value of every control."""
        own = self._controls.write()
        return [("v", str(links.VERSION)), ("lang", self.language), *own.items()]

    @staticmethod
    def _anchor(address: str, text: str) -> str:
        return f'<a href="{escape(address, quote=True)}" target="_self">{escape(text)}</a>'
