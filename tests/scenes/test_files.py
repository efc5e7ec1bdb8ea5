"""What is saved as a table or as arrays is the scene's own numbers, whole."""

import csv
import io

import numpy as np

from seqviz.models.experiment import CellConfig, run
from seqviz.scenes.cell import record_scene
from seqviz.scenes.files import to_csv, to_npz


def test_a_table_has_every_value_of_every_step_in_full() -> None:
    record = run(CellConfig(cell="gru"))
    rows = list(csv.DictReader(io.StringIO(to_csv(record_scene(record)))))
    assert record.probabilities is not None
    for name, values in (("z", record.trace.z), ("h", record.trace.h), ("p", record.probabilities)):
        mine = [row for row in rows if row["tensor"] == name]
        steps, units = values.shape
        places = [(int(row["step"]), int(row["unit"])) for row in mine]
        assert places == [(t, unit) for t in range(1, steps + 1) for unit in range(1, units + 1)]
        assert [row["token"] for row in mine[::units]] == list("hell")
        read = np.array([float(row["value"]) for row in mine]).reshape(steps, units)
        rtol = 0 if name != "p" else 1e-12
        np.testing.assert_allclose(read, values.numpy(), rtol=rtol, atol=0)


def test_a_token_that_is_a_formula_is_only_text_in_a_spreadsheet() -> None:
    record = run(CellConfig(mode="fresh", source="text", text=tuple("=+a"), hidden=2))
    rows = list(csv.DictReader(io.StringIO(to_csv(record_scene(record)))))
    assert {row["token"] for row in rows} == {"'=", "'+"}


def test_arrays_are_the_records_in_float64() -> None:
    record = run(CellConfig())
    with np.load(io.BytesIO(to_npz(record_scene(record))), allow_pickle=False) as file:
        assert "".join(file["inputs"]) == "hell"
        for name in ("f", "i", "g", "o", "c", "h"):
            assert file[name].dtype == np.float64
            np.testing.assert_array_equal(file[name], getattr(record.trace, name).numpy())
        np.testing.assert_array_equal(file["W_hh"], record.trace.cell.weight_hh.detach().numpy())
