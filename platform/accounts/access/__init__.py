"""Who may see and change what: one rule, and what asks it (models, the management API, the admin)."""
