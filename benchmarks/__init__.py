"""Measurements of the budgets, each beside its floor in the same run. Never part of the tests.

Every file measures one budget and prints one table; `python -m benchmarks` runs them all.
"""
