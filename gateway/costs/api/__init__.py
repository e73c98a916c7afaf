"""The management API of projections and scenarios."""
