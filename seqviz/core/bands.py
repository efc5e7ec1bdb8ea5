"""The named bands that a gradient's size falls into against another's, by powers of ten.

The player's own copy (`gradient.js`) is held equal by a test.
"""

EXPLODING, SHRINKING, ZERO = 2, -3, -6
BANDS = ("exploding", "alive", "shrinking", "zero")


def band(power: float) -> str:
    """The band of a ratio, given as its log₁₀; −inf, for an exact 0, is "zero", and so is NaN."""
    if power > EXPLODING:
        return "exploding"
    if power > SHRINKING:
        return "alive"
    return "shrinking" if power >= ZERO else "zero"
