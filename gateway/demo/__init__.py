"""The demonstration: an organisation, its people and a month of calls, all marked as such."""
