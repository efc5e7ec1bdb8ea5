"""Install the wheel into an empty environment and start `seqviz` from another folder.

Not a pytest file: it needs minutes and an index, so `make wheel-test` and `.ci/run` call it.
"""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests import chromium
from tests.app_server import ROOT, AppServer


def main(wheel: Path) -> None:
    """Install, start, and look at a deep link; raises when anything is missing."""
    assert missing(wheel) == set(), f"not in the wheel: {sorted(missing(wheel))}"
    with tempfile.TemporaryDirectory() as folder:
        scripts = install(wheel, Path(folder) / "venv")
        version = subprocess.run(
            [scripts / "python", "-c", "import seqviz; print(seqviz.__version__, seqviz.__file__)"],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        assert str(ROOT) not in version[1], f"imported from the checkout: {version[1]}"
        with AppServer(command=(str(scripts / "seqviz"),), cwd=Path(folder)) as server:
            look(f"{server.url}/cell")
            assert "Traceback" not in server.log(), server.log()
    print(f"The wheel works: seqviz {version[0]}, installed elsewhere, shows /cell")


def missing(wheel: Path) -> set[str]:
    """Files of the package, the pages and the theme that the wheel does not carry."""
    command = ["git", "ls-files", "seqviz"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    app = [ROOT / "app.py", ROOT / ".streamlit" / "config.toml", *(ROOT / "pages").glob("*.py")]
    wanted = {f"seqviz/_app/{path.relative_to(ROOT).as_posix()}" for path in app}
    with zipfile.ZipFile(wheel) as archive:
        return (wanted | set(listed.stdout.split())) - set(archive.namelist())


def install(wheel: Path, where: Path) -> Path:
    """A new environment with the wheel at the pinned versions; the folder of its scripts."""
    venv.create(where, with_pip=True)
    scripts = where / ("Scripts" if sys.platform == "win32" else "bin")
    pins = ["--disable-pip-version-check", "-c", str(ROOT / "constraints.txt")]
    command = [str(scripts / "python"), "-m", "pip", "install", "--quiet", *pins, str(wheel)]
    subprocess.run(command, check=True)
    return scripts


def look(url: str) -> None:
    """The page shows its heading and the player's picture."""
    with sync_playwright() as playwright:
        path = chromium.find(playwright)
        if path is None:
            sys.exit(f"wheel: {chromium.MISSING}")
        browser = chromium.launch(playwright, path)
        page = browser.new_page()
        page.goto(url)
        expect(page.locator(".seqviz .place")).to_be_visible(timeout=60_000)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
