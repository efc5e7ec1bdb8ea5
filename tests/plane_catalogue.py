"""Scenes in the plane by name: what Python and the player both have to recompute."""

from functools import cache

import numpy as np

from seqviz.scenes import Scene
from seqviz.scenes.plane import query_scene, rotation_scene


@cache
def planes() -> dict[str, Scene]:
    random = np.random.default_rng(4)
    eight = random.normal(size=(2, 8, 2))
    return {
        "three-keys": query_scene(
            [1.2, 0.6],
            [[1.1, 0.4], [-0.3, 1.2], [-0.9, -0.8]],
            [[1.4, -0.5], [-0.2, 1.3], [-1.3, -0.6]],
            labels=("cat", "sat", "mat"),
            query="it",
            title="One query",
        ),
        "one-key": query_scene([0.5, -1.0], [[1.0, 1.0]], [[-2.0, 0.5]]),
        "two-keys-cold": query_scene([1.0, 0.0], np.eye(2), -np.eye(2), scale=4.0),
        "no-scale": query_scene([1.0, 2.0], np.eye(2), np.eye(2), scale=0.0),
        "eight-keys": query_scene([2.0, -1.0], eight[0], eight[1]),
        "large": query_scene([300.0, 0.0], eight[0], eight[1]),
        "clocks": rotation_scene(20, 8, 3, (0, 1, 2, 3), title="Clocks"),
        "far-clocks": rotation_scene(5, 4, 500, (0, 1)),
        "one-clock": rotation_scene(1, 2, 0, (0,)),
        "slow-clocks": rotation_scene(64, 64, 10, (0, 5, 31), base=100.0),
    }
