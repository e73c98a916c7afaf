"""The fault drill: what callers, operators and budgets see when the ground moves. `python -m tests.drill`, or `make drill`."""
