"""Calls that are made later: accepted at once, kept sealed, made by the pipeline when there is room, and asked for by their id."""
