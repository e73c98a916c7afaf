"""Working scenarios out, keeping them, and finding tips."""
