"""How records look as a stepped computation: record in, `Scene` out.

What may live here: plain data about a computation (named tensors, the operation that made each,
where each sits in the picture, the order of steps) and the functions that build it from records.
What may not: torch, Streamlit, Plotly, colours, words.
"""

from seqviz.scenes.scene import Layout, Operand, Operation, Scene, Sequence, Tensor

__all__ = ["Layout", "Operand", "Operation", "Scene", "Sequence", "Tensor"]
