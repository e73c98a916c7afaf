"""PURE: finds what privacy rules speak of. `engine.py` is the way in; every other module finds one kind of thing."""
