"""Find a Chromium for the browser tests, or install one: `python -m tests.chromium`."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
PLACES = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
    "C:/Program Files (x86)/Microsoft/Edge/Application/msedge.exe",
)
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
MISSING = "no Chromium found and none could be installed (set SEQVIZ_CHROMIUM to its path)"


def find(playwright: Playwright) -> str | None:
    """Path of a Chromium: SEQVIZ_CHROMIUM, the system's, or Playwright's own."""
    candidates = [os.environ.get("SEQVIZ_CHROMIUM"), *map(shutil.which, COMMANDS), *PLACES]
    candidates.append(playwright.chromium.executable_path)
    return next((path for path in candidates if path and Path(path).is_file()), None)


def launch(playwright: Playwright, path: str) -> Browser:
    """A headless browser that asks nobody but us; root needs it without a sandbox."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    flags = [*QUIET, "--no-sandbox"] if root else list(QUIET)
    return playwright.chromium.launch(executable_path=path, args=flags)


def install() -> None:
    """Install a Chromium with Debian's packages when root, else with Playwright's installer."""
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        subprocess.run([apt, "update", "-qq"], check=False, stdout=subprocess.DEVNULL)
        subprocess.run(
            [apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"],
            check=False,
            stdout=subprocess.DEVNULL,
        )
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> None:
    """Make sure of a Chromium, and say in one line what the tests will do."""
    with sync_playwright() as playwright:
        if find(playwright) is None:
            print("Browser tests: looking for a Chromium to install (once)", flush=True)
            install()
        path = find(playwright)
    print(f"Browser tests: {path or 'skipped, ' + MISSING}", flush=True)


if __name__ == "__main__":
    main()
