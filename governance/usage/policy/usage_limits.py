"""PURE: how finely usage is kept."""

MAX_FEATURES = 1_000
"""Features of a team that usage tells apart; the rest are “(other)”."""
MAX_END_USERS = 10_000
"""End users of a team that usage tells apart on one day; the rest are “(other)”."""
MINUTES = 15
"""Sums are kept by so many minutes: days of every time zone begin on one of them."""
