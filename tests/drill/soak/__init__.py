"""An hour of faults in random order, with callers that try again as their SDK does. `make drill ARGS='--soak 60'`."""
