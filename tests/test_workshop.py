"""The ways to start seqviz, and the files that make an installation repeatable."""

import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from seqviz import launch
from seqviz.text import words
from seqviz.ui.qr import LONGEST, qr_svg
from tests.app_server import AppServer, free_port

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted((ROOT / "pages").glob("*.py"))
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port on which something listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def seqviz(*flags: str) -> subprocess.CompletedProcess[str]:
    """`python -m seqviz`, to its end."""
    command = [sys.executable, "-m", "seqviz", *flags]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


class TestStart:
    def test_home_of_a_checkout(self) -> None:
        assert launch.home() == ROOT
        assert (launch.home() / "app.py").is_file()

    def test_streamlit_run_works_as_well(self, fresh_server: Callable[..., AppServer]) -> None:
        command = (sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py"))
        server = fresh_server(command=command)
        assert f"seqviz: {server.url}" in server.log()

    def test_starts_from_any_folder(
        self, fresh_server: Callable[..., AppServer], tmp_path: Path
    ) -> None:
        assert fresh_server(cwd=tmp_path).log().startswith("seqviz: http://localhost:")

    def test_help_names_our_flags_and_points_to_streamlit(self) -> None:
        done = seqviz("--help")
        assert done.returncode == 0
        assert "--class" in done.stdout
        assert "streamlit run --help" in done.stdout

    def test_streamlits_flags_are_passed_on(self) -> None:
        done = seqviz("--server.no-such-flag", "1")
        assert done.returncode != 0
        assert "--server.no-such-flag" in done.stderr


class TestPort:
    def test_a_taken_default_moves_on_and_says_so(
        self, busy_port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(launch, "DEFAULT_PORT", busy_port)
        flag, port = launch.choose_port([])
        assert flag == "--server.port"
        assert int(port) > busy_port
        assert f"Port {busy_port} is taken, so seqviz uses {port}." in capsys.readouterr().out

    def test_a_free_default_needs_no_flag(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(launch, "DEFAULT_PORT", free_port())
        assert launch.choose_port(["--theme.base", "dark"]) == ["--theme.base", "dark"]

    @pytest.mark.parametrize("form", ["--server.port {}", "--server.port={}"])
    def test_a_taken_port_that_was_asked_for_is_an_error(self, busy_port: int, form: str) -> None:
        done = seqviz(*form.format(busy_port).split())
        assert done.returncode == 1
        assert f"port {busy_port} is taken" in done.stderr

    def test_the_environment_can_ask_for_a_port(self, monkeypatch: pytest.MonkeyPatch) -> None:
        port = str(free_port())
        monkeypatch.setenv("STREAMLIT_SERVER_PORT", port)
        assert launch.given([], "server.port") == port
        assert launch.choose_port([]) == []


class TestClass:
    def test_listens_on_the_network_and_says_where(
        self, fresh_server: Callable[..., AppServer]
    ) -> None:
        address = launch.lan_address()
        log = fresh_server(flags=("--class",)).log()
        if address is None:
            assert "no local network found" in log
        else:
            port = re.search(r"seqviz: http://localhost:(\d+)", log)
            assert port is not None
            assert f"For the class: http://{address}:{port[1]}" in log
            with socket.create_connection((address, int(port[1])), timeout=5):
                pass

    def test_alone_it_listens_to_this_machine_only(self) -> None:
        assert THEME["server"]["address"] == "localhost"

    def test_an_address_that_was_asked_for_stays(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SEQVIZ_CLASS", "")
        flags = launch.serve_class(["--class", "--server.address", "10.0.0.7"])
        assert flags == ["--server.address", "10.0.0.7"]

    def test_qr_code_is_a_picture_that_scales(self) -> None:
        picture = ElementTree.fromstring(qr_svg("http://10.0.0.7:8501/cell?lang=ko"))
        assert picture.tag.endswith("svg")
        left, top, width, height = map(float, picture.attrib["viewBox"].split())
        assert (left, top) == (0, 0)
        assert width == height > 21

    def test_qr_code_of_a_page_as_it_opens_has_few_and_large_squares(self) -> None:
        """Version 3: 29 modules and a quiet zone of four on each side."""
        picture = ElementTree.fromstring(qr_svg("http://192.168.100.100:8501/cell?v=1&lang=en"))
        assert picture.attrib["viewBox"] == "0 0 37 37"

    def test_qr_code_of_nothing_is_refused(self) -> None:
        with pytest.raises(ValueError, match="1 to 2953 bytes, got 0"):
            qr_svg("")

    def test_the_longest_qr_code_can_be_drawn(self) -> None:
        assert "<path" in qr_svg("x" * LONGEST)
        with pytest.raises(ValueError, match="got 2954"):
            qr_svg("x" * (LONGEST + 1))


# Connecting a UDP socket only asks the routing table; sending would be another event.
WATCHED = """
import socket, sys

def watch(event, args):
    if event == "socket.connect" and args[0].type & socket.SOCK_DGRAM:
        return
    if event in ("socket.connect", "socket.sendto"):
        host = args[1][0] if isinstance(args[1], tuple) else "local"
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    else:
        return
    if host not in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "local", None):
        print("asked outside:", event, host, flush=True)

sys.addaudithook(watch)
from seqviz.launch import main
main()
"""


class TestOffline:
    def test_the_server_asks_nobody_outside(self, fresh_server: Callable[..., AppServer]) -> None:
        server = fresh_server(command=(sys.executable, "-c", WATCHED))
        stream = f"ws://localhost:{server.port}/_stcore/stream"
        with connect(stream, origin=Origin(server.url)) as socket_:
            assert socket_.state.name == "OPEN"
        with pytest.raises(InvalidStatus), connect(stream, origin=Origin("http://else.example")):
            pass
        assert "asked outside" not in server.log(), server.log()


class TestReadme:
    def test_it_says_what_every_page_shows_and_what_it_asks(self) -> None:
        rows = dict(re.findall(r"^\| `([\w-]+)` \| ([^|]+?) \|", README, re.MULTILINE))
        frame = words("frame", "en")
        assert rows == {path.stem: frame[f"page.{path.stem}.title"] for path in PAGES}

    def test_its_pictures_and_files_are_there(self) -> None:
        pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", README)
        named = re.findall(r"`((?:seqviz|pages|docs)/[\w/.-]+)`", README)
        assert pictures
        wanted = [name for name in (*pictures, *named) if "NAME" not in name]
        assert [name for name in wanted if not (ROOT / name).exists()] == []

    def test_the_chores_it_names_are_in_the_makefile(self) -> None:
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        chores = set(re.findall(r"\bmake (run|test|check|bench|mutants)\b", README))
        assert chores == {"run", "test", "check", "bench", "mutants"}
        assert [chore for chore in chores if f"\n{chore}:" not in makefile] == []

    def test_its_lines_for_a_notebook_run_and_give_what_they_say(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        block = README.split("```python\n")[1].split("```")[0]
        given: dict[str, Any] = {}
        exec(block, given)
        assert given["trace"].f.shape == (20, 5)
        assert given["attention"].weights.shape == (4, 6, 6)
        assert (tmp_path / "lstm.html").stat().st_size > 0

    def test_the_pinned_torch_is_the_one_it_names(self) -> None:
        named = re.search(r"`(torch==[\d.]+)`", README)
        assert named
        assert named[1] in CONSTRAINTS


class TestInstallation:
    def test_every_requirement_is_pinned(self) -> None:
        pins = {re.split("==", line)[0].lower() for line in CONSTRAINTS if "==" in line}
        extras = PROJECT["project"]["optional-dependencies"]
        wanted = [*PROJECT["project"]["dependencies"], *extras["test"], *extras["dev"]]
        names = {re.match(r"[\w-]+", line)[0].lower() for line in wanted}  # type: ignore[index]
        assert names - pins == {"seqviz"}

    def test_pins_are_versions_and_never_addresses(self) -> None:
        lines = [line for line in CONSTRAINTS if not line.startswith("#")]
        assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.!]+", line)] == []

    def test_a_lower_bound_is_not_above_its_pin(self) -> None:
        pins = dict(line.split("==") for line in CONSTRAINTS if "==" in line)
        for requirement in PROJECT["project"]["dependencies"]:
            name, bound = requirement.split(">=")
            assert numbers(bound) <= numbers(pins[name])

    @pytest.mark.parametrize("target", ["run", "test", "check", "bench", "mutants", "clean"])
    def test_make_knows_the_chores(self, target: str) -> None:
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def test_nothing_is_reported_to_anyone(self) -> None:
        assert THEME["browser"]["gatherUsageStats"] is False
        assert THEME["server"]["showEmailPrompt"] is False
        assert THEME["logger"]["hideWelcomeMessage"] is True
        assert THEME["client"]["toolbarMode"] == "viewer"

    def test_charts_have_enough_colours(self) -> None:
        assert len(set(THEME["theme"]["chartCategoricalColors"])) >= 10


def numbers(version: str) -> tuple[int, ...]:
    """`1.10` is above `1.9`."""
    return tuple(map(int, version.split(".")))
