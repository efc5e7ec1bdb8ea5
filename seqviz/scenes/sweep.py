"""The scene of the page `gradients`: a run of `backprop_experiment`, stepped backwards."""

from collections.abc import Callable

from seqviz.models.backprop_experiment import BackpropRecord
from seqviz.scenes.backprop import backprop_scene
from seqviz.scenes.scene import Scene, Sequence


def record_sweep(
    record: BackpropRecord, title: str = "", label: Callable[[str], str] = lambda token: token
) -> Scene:
    """The backward sweep of a record; `label` says how a token is drawn.

    A run in float32 keeps its own norms on the log strip; its chain is drawn from its Jacobians.
    """
    norms = {"h": record.curves.total, "c": record.curves.every.c_norm}
    shown = {state: values.double() for state, values in norms.items() if values is not None}
    inputs = record.task.inputs
    if record.task.values is not None:
        inputs = tuple(_short(value) for value in record.task.values)
    return backprop_scene(
        record.trace,
        record.jacobians,
        record.direct,
        within=record.within,
        loss_at=record.config.loss,
        shown_norms=shown if record.config.dtype == "float32" else None,
        sequence=Sequence(tuple(label(token) for token in inputs)),
        title=title,
    )


def _short(value: float) -> str:
    """A signal's value with one decimal and a true minus: there are many steps in a row."""
    text = f"{value:.1f}"
    return text.replace("-", "−") if float(text) != 0 else "0.0"
