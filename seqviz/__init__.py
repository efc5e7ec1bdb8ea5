"""seqviz: play sequence models step by step; every number is computed, every value explained."""

__version__ = "0.1.0"
