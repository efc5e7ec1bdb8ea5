"""What the scene of the largest attention a page can show weighs on its way to the browser."""

import json
import zlib

from seqviz.models.heads_experiment import HeadsConfig, run
from seqviz.scenes.attention import run_scene

BUDGET = 120_000


def test_64_tokens_and_8_heads_stay_within_the_budget() -> None:
    tokens = tuple(f"w{n}" for n in range(64))
    record = run(HeadsConfig(tokens, mode="fresh", heads=8, d_model=64))
    scene = run_scene(record.run, record.model, shares=True)
    text = json.dumps(scene.to_json(), separators=(",", ":"))
    assert len(zlib.compress(text.encode("ascii"))) <= BUDGET
