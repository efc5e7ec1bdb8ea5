"""Start the app: the console script `seqviz` and `python -m seqviz`.

Streamlit does the serving; this file finds the app's files, a free port and the address that
a class can reach, and hands every flag it does not know on to Streamlit.
"""

import os
import socket
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

FRAME = Path(__file__).resolve().parent / "ui" / "frame.py"
DEFAULT_PORT = 8501
PORTS_TRIED = 50

HELP = """usage: seqviz [--class] [--help] [flags of Streamlit]

Starts seqviz and opens it in the browser.

  --class                  listen on the local network and show the address for a class
  --help                   this text
  --server.port N          use port N (otherwise 8501, or the next free one)
  --server.headless true   open no browser

Every other flag goes to Streamlit: see `streamlit run --help`.
"""


@cache
def home() -> Path:
    """Folder with `app.py`, `pages/` and `.streamlit/`: inside the wheel, or the checkout."""
    package = Path(__file__).resolve().parent
    packed = package / "_app"
    return packed if packed.is_dir() else package.parent


def main(argv: Sequence[str] | None = None) -> None:
    """Run the app with the flags of `HELP`; ends when the server ends."""
    flags = list(sys.argv[1:] if argv is None else argv)
    if "--help" in flags or "-h" in flags:
        print(HELP, end="")
        return
    flags = serve_class(flags) if "--class" in flags else flags
    flags = choose_port(flags)

    from streamlit.web import cli

    cli.main(["run", str(home() / "app.py"), *flags], prog_name="seqviz")


def serve_class(flags: list[str]) -> list[str]:
    """Flags for `--class`: listen on every interface, and tell the server's announcement."""
    os.environ["SEQVIZ_CLASS"] = "1"
    flags = [flag for flag in flags if flag != "--class"]
    if given(flags, "server.address") is None:
        flags += ["--server.address", "0.0.0.0"]
    return flags


def choose_port(flags: list[str]) -> list[str]:
    """Flags with a port that is free; a port somebody asked for is never changed."""
    asked = given(flags, "server.port")
    if asked is not None:
        if asked.isdecimal() and 0 < int(asked) < 65536 and taken(int(asked)):
            sys.exit(f"seqviz: port {asked} is taken. Without --server.port a free one is found.")
        return flags
    free = first_free(DEFAULT_PORT)
    if free == DEFAULT_PORT:
        return flags
    print(f"Port {DEFAULT_PORT} is taken, so seqviz uses {free}.", flush=True)
    return [*flags, "--server.port", str(free)]


def given(flags: Sequence[str], option: str) -> str | None:
    """The value that the flags or the environment give to a Streamlit option."""
    value = os.environ.get("STREAMLIT_" + option.upper().replace(".", "_"))
    for position, flag in enumerate(flags):
        if flag.startswith(f"--{option}="):
            value = flag.partition("=")[2]
        elif flag == f"--{option}" and position + 1 < len(flags):
            value = flags[position + 1]
    return value


def first_free(port: int) -> int:
    """The first free port from `port` on."""
    for candidate in range(port, port + PORTS_TRIED):
        if not taken(candidate):
            return candidate
    sys.exit(f"seqviz: no free port from {port} to {port + PORTS_TRIED - 1}.")


def taken(port: int) -> bool:
    """Whether something listens on the port here, on whichever interface."""
    for address in ("127.0.0.1", "::1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        try:
            with socket.socket(family) as probe:
                probe.settimeout(0.5)
                if probe.connect_ex((address, port)) == 0:
                    return True
        except OSError:
            continue
    return False


def lan_address() -> str | None:
    """The address by which other machines reach this one; None without a network.

    Connecting a UDP socket sends nothing: it only asks the routing table which interface would
    be used. 192.0.2.1 is reserved for documentation (RFC 5737).
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith(("127.", "0.")) else address
