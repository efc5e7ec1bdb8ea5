"""The numbers behind a chart as files: CSV for a spreadsheet, NPZ for NumPy."""

import csv
import io
from collections.abc import Mapping
from typing import Any

import numpy as np


def columns_npz(columns: Mapping[str, Any]) -> bytes:
    """Every array by name; no pickled objects."""
    file = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(values) for name, values in columns.items()}
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def columns_csv(columns: Mapping[str, Any]) -> str:
    """One row for each number: name, row, column (1 where there is only one), value.

    Rows and columns count from 1, as the charts do.
    """
    file = io.StringIO()
    write = csv.writer(file, lineterminator="\n").writerow
    write(("name", "row", "column", "value"))
    for name, values in columns.items():
        table = np.asarray(values)
        table = table[:, None] if table.ndim == 1 else np.atleast_2d(table)
        for row, line in enumerate(table, start=1):
            for column, value in enumerate(line, start=1):
                write((name, row, column, repr(float(value))))
    return file.getvalue()
