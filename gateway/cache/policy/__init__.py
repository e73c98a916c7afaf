"""PURE: whether an answer to one question may be served for another, and how sure that is by what was counted."""
