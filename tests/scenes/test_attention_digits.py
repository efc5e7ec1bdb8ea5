"""How exact the answers are that the player computes from the float32 numbers it is sent."""

import numpy as np
import pytest

from seqviz.models.heads_experiment import HeadsConfig, run
from seqviz.scenes import Scene
from seqviz.scenes.attention import run_scene
from seqviz.scenes.operations import Array

TOKENS = tuple("the quick brown fox jumps over the lazy dog and the quick brown cat")
HALF_A_DIGIT = 2.0**-24


def received(scene: Scene) -> dict[str, Array]:
    """Every tensor as it follows from what is sent."""
    known = {
        t.name: t.values.astype(np.float32).astype(np.float64) for t in scene.tensors if t.sent
    }
    for tensor in scene.tensors:
        if tensor.name not in known:
            known[tensor.name] = scene.recompute(tensor.name, known)
    return known


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("gain", [0.5, 1.0, 2.0, 3.0, 4.0])
@pytest.mark.parametrize(("heads", "d_model"), [(1, 16), (4, 16), (8, 64)])
def test_answers_lose_as_many_digits_as_their_scores_are_large(
    heads: int, d_model: int, gain: float, seed: int
) -> None:
    """A softmax turns what a score is off by into what a share is off by: e^δ times as much. The
    scores are right to 1e-5 of the largest, so the shares are off by some 2⁻²⁴ times that one."""
    record = run(
        HeadsConfig(TOKENS, mode="fresh", heads=heads, d_model=d_model, gain=gain, seed=seed)
    )
    scene = run_scene(record.run, record.model)
    known = received(scene)
    for answer in range(1, 5):
        logits, p = (scene[f"{name}_{answer}"].values for name in ("logits", "p"))
        size = max(1.0, float(np.abs(logits).max()))
        assert np.abs(known[f"logits_{answer}"] - logits).max() <= 1e-5 * size
        assert np.abs(known[f"p_{answer}"] - p).max() <= 2 * HALF_A_DIGIT * size
