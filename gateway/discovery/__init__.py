"""What AWS offers in each region, what of it is ours, and what of it is new, changed or ends."""
