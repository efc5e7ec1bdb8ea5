"""The scene of the page `cell`: a record of `models.experiment` as the player shows it."""

from collections.abc import Callable

from seqviz.models.experiment import CellRecord
from seqviz.models.findings import repeated
from seqviz.scenes.recurrent import cell_scene
from seqviz.scenes.scene import Scene, Sequence

LABELLED = ("brackets", "lag")


def record_scene(
    record: CellRecord, title: str = "", label: Callable[[str], str] = lambda token: token
) -> Scene:
    """The scene of a record; `label` says how a token is drawn (a space as ␣, for instance).

    The last two uses of one token are ringed, and the picture rests on the second of them.
    """
    readout = record.model.readout
    pair = repeated(record)
    task = record.task
    return cell_scene(
        record.trace,
        gradients=record.gradients,
        loss_at=record.config.loss,
        loss_of="state" if record.loss is None else "prediction",
        readout=None if readout is None else (readout.weight.detach(), readout.bias.detach()),
        sequence=Sequence(
            inputs=tuple(label(token) for token in task.inputs),
            targets=None if task.targets is None else tuple(_labels(task.targets, label)),
            classes=tuple(label(name) for name in task.classes) or None,
            prediction=None if readout is None else "p",
            unknown=record.unknown,
            asks="label" if task.source in LABELLED else "next",
        ),
        ghost=record.ghost,
        title=title,
        mark=pair or (),
        rest=pair[1] if pair else None,
    )


def _labels(targets: tuple[str | None, ...], label: Callable[[str], str]) -> tuple[str | None, ...]:
    return tuple(None if target is None else label(target) for target in targets)
