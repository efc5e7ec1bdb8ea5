"""Break the source on purpose and see which test notices: `python -m tests.mutants [words]`.

Each mutant is a known way to get a cell, attention, a page or the player wrong and still draw
plausible pictures. It is written into a copy of the source by replacing text, and the tests that
should notice run there until the first fails. A mutant of the core has the core alone beside it.
A mutant that no test notices survives, and the exit code is 1. Words given on the command line
choose the mutants whose name has them all.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.mutants_attention import ATTENTION_MUTANTS, ATTENTION_TESTS
from tests.mutants_cells import CELL_MUTANTS
from tests.mutants_drawn import DRAWN_MUTANTS
from tests.mutants_gradients import GRADIENT_MUTANTS
from tests.mutants_model import MODEL_MUTANTS, MODEL_TESTS
from tests.mutants_pages import PAGE_MUTANTS
from tests.mutants_reader import READER_MUTANTS

ROOT = Path(__file__).resolve().parent.parent
CORE = "seqviz/core"
CORE_PARTS = (CORE, "tests/core", "tests/golden")
ALL_PARTS = ("seqviz", "tests", "pages")
CELL_TESTS = (
    *("golden", "parity", "measured_gates", "gradients", "laws"),
    *("records", "unroll", "what_if", "layers", "parameters"),
    *("norms", "chains", "spectra", "clipping", "cliff", "truncation"),
    *("jacobians", "gradient_map", "loss_map", "probe", "latching"),
)

Change = tuple[str, str]


@dataclass(frozen=True)
class Mutant:
    """In `file`, every `old` (found exactly once) becomes its `new`; one of `tests` must notice."""

    name: str
    file: str
    changes: tuple[Change, ...]
    tests: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, ...]:
        """The folders that its tests need."""
        return CORE_PARTS if self.file.startswith(CORE) else ALL_PARTS


def of_core(
    written: Iterable[tuple[str, str, *tuple[Change, ...]]], tests: Sequence[str]
) -> Iterator[Mutant]:
    """Mutants of modules of the core, each by its name alone, as their tests are."""
    paths = tuple(f"tests/core/test_{name}.py" for name in tests)
    for name, module, *changes in written:
        yield Mutant(name, f"{CORE}/{module}.py", tuple(changes), paths)


MUTANTS = [
    *of_core(CELL_MUTANTS, CELL_TESTS),
    *of_core(GRADIENT_MUTANTS, CELL_TESTS),
    *of_core(ATTENTION_MUTANTS, ATTENTION_TESTS),
    *of_core(MODEL_MUTANTS, MODEL_TESTS),
    *(
        Mutant(name, file, tuple(changes), tests)
        for tests, written in (*PAGE_MUTANTS, *DRAWN_MUTANTS, *READER_MUTANTS)
        for name, file, *changes in written
    ),
]


def workspace(folder: Path, original: Path, parts: Sequence[str]) -> Path:
    """A copy of the folders `parts`, which imports nothing of the original."""
    for part in parts:
        shutil.copytree(
            original / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    (folder / "seqviz" / "__init__.py").touch()
    shutil.copy(original / "pyproject.toml", folder)
    (folder / "conftest.py").write_text(
        "import torch\n\nimport seqviz\n\ntorch.set_num_threads(1)\n"
        f"assert seqviz.__file__.startswith({str(folder)!r}), seqviz.__file__\n",
        encoding="utf-8",
    )
    return folder


def run_tests(folder: Path, tests: Sequence[str]) -> tuple[int, str]:
    """0 all pass, 1 and the test that failed, or 2 and what was printed: the tests did not run."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--tb=no"]
    ours = {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    done = subprocess.run(
        [*command, *tests],
        cwd=folder,
        env={**os.environ, **ours},
        capture_output=True,
        text=True,
    )
    failed = re.search(r"^(?:FAILED|ERROR) tests/(.*?)(?: - .*)?$", done.stdout, re.MULTILINE)
    if failed:
        return 1, failed[1]
    return (done.returncode and 2), done.stdout[-1500:] + done.stderr[-1500:]


def verdict(mutant: Mutant, original: Path) -> tuple[bool, str]:
    """Whether a test noticed, and one line to say so."""
    with tempfile.TemporaryDirectory() as name:
        folder = workspace(Path(name).resolve(), original, mutant.parts)
        path = folder / mutant.file
        source = path.read_text(encoding="utf-8")
        for old, new in mutant.changes:
            if source.count(old) != 1:
                found = f"{source.count(old)} times in {mutant.file}"
                return False, f"NOT APPLIED  {mutant.name}: {old!r} {found}"
            source = source.replace(old, new)
        path.write_text(source, encoding="utf-8")
        code, detail = run_tests(folder, mutant.tests)
    if code == 1:
        return True, f"killed       {mutant.name}: {detail}"
    return False, f"{'SURVIVED' if code == 0 else 'DID NOT RUN':12} {mutant.name}: {detail}"


def main(words: list[str]) -> int:
    chosen = [m for m in MUTANTS if all(word in m.name for word in words)]
    survivors = 0
    with tempfile.TemporaryDirectory() as name:
        original = workspace(Path(name).resolve(), ROOT, ALL_PARTS)
        needed = list(dict.fromkeys(test for m in chosen for test in m.tests))
        code, detail = run_tests(original, needed)
        if code != 0:
            print(f"The tests fail without any mutant: {detail}")
            return 1
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            for killed, line in pool.map(verdict, chosen, [original] * len(chosen)):
                survivors += not killed
                print(line, flush=True)
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants killed")
    return int(survivors > 0 or not chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
