"""The colour of every role, for charts, still pictures and the player alike (Okabe-Ito based).

A leaf: it imports nothing. The player's own copy (`colour.js`) is held equal by a test.
"""

RGB = tuple[int, int, int]

HUES: dict[str, RGB] = {
    "forget": (213, 94, 0),
    "input": (0, 158, 115),
    "candidate": (181, 137, 0),
    "output": (58, 143, 208),
    "cell": (31, 78, 156),
    "hidden": (142, 68, 173),
    "query": (204, 121, 167),
    "key": (140, 86, 75),
    "value": (15, 118, 110),
    "gradient": (100, 116, 139),
}
SLATE: RGB = (84, 96, 116)
