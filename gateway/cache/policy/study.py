"""PURE: what the study of generated pairs counted. Written by `python -m tests.bench.semantic --write`; never by hand."""

SERVED = 2540
WRONG = 0
