"""Small trained models that ship, what they read, and how each was trained.

Knows core. `load` is what pages use; `python -m seqviz.models.train` makes the files anew. No
words for readers in here: `about` holds names and measured numbers.
"""

from seqviz.models.shelf import About, ShippedModel, available, load

__all__ = ["About", "ShippedModel", "available", "load"]
