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
    compile(source, mutant.file, "exec")
