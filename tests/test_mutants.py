"""The mutants still fit the source: each text they replace is there, once."""

import pytest

from tests.mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_applies(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text(encoding="utf-8")
    for old, new in mutant.changes:
        assert source.count(old) == 1, old
        assert new != old
        source = source.replace(old, new)
    if mutant.file.endswith(".py"):
        compile(source, mutant.file, "exec")


def test_no_two_have_the_same_name_and_their_tests_are_there() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names)
    for path in {path for mutant in MUTANTS for path in mutant.tests}:
        assert (ROOT / path).is_file(), path
