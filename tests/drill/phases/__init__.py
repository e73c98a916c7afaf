"""Each kind of fault during each phase of the work: starts, ends, migrations, evaluations, imports. `make drill ARGS=--phases`."""
