"""Jobs at the entrances: how they are accepted, run and told."""
