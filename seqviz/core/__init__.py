"""What is computed: cells stepped in the open, their traces and their gradients.

Knows torch and nothing of ours. No pictures, no words for readers, no state between calls:
a function here takes parameters and numbers and returns a frozen record.
"""
