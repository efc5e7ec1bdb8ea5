"""The scene of the page `attention`: a record of `models.attention_experiment` in the player."""

from collections.abc import Callable

from seqviz.models.attention_experiment import AttentionRecord, places
from seqviz.scenes.attention import head_scene, run_scene
from seqviz.scenes.plane import query_scene
from seqviz.scenes.scene import Scene

DRAWN = "tests/models/test_attention_experiment.py::test_vectors_are_drawn_from_the_seed"


def attention_record_scene(
    record: AttentionRecord, title: str = "", label: Callable[[str], str] = lambda token: token
) -> Scene:
    """The plane, the matrix or the sentence; `label` says how a token is drawn."""
    one = record.attention
    if record.config.show == "one":
        return query_scene(one.q[0], one.k, one.v, scale=one.scale, title=title)
    if record.model is None or record.run is None:
        return head_scene(
            one, record.queries, record.keys, vouched=DRAWN, title=title, rest=record.asked,
            before=record.before,
        )  # fmt: skip
    tokens = tuple(label(token) for token in record.queries)
    return run_scene(
        record.run,
        record.model,
        tokens=tokens,
        targets=_targets(record, tokens),
        before=record.run_before,
        title=title,
        rest=record.asked,
    )


def _targets(record: AttentionRecord, tokens: tuple[str, ...]) -> tuple[str | None, ...]:
    """The token that follows each; a trained model that looks back is asked only where it can know.

    Where a token stands for the first time nothing can be copied, so no answer is right or wrong.
    """
    after = (*tokens[1:], None)
    if not (record.trained and record.config.causal):
        return after
    known = places(record.queries)
    return tuple(token if t in known else None for t, token in enumerate(after))
