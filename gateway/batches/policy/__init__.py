"""PURE: lines of a batch, terms of a batch, files as they come, and how all of them are named."""
