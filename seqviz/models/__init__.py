"""Small trained models that ship, what they read, and how each was trained.

Knows core. `load` and `load_attention` are what pages use; `python -m seqviz.models.train` makes
the files anew. No words for readers in here: `about` holds names and measured numbers.
"""

from seqviz.models.attention_shelf import (
    AttentionAbout,
    ShippedAttention,
    available_attention,
    load_attention,
)
from seqviz.models.shelf import About, ShippedModel, available, load

__all__ = [
    "About",
    "AttentionAbout",
    "ShippedAttention",
    "ShippedModel",
    "available",
    "available_attention",
    "load",
    "load_attention",
]
