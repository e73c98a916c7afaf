"""PURE: a request held against what a model can do: repaired and said, or refused by name, before it costs anything."""
