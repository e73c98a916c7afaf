"""Clients as their users start them, against a real gateway and the strict simulator: `make clients`. See CONTRIBUTING.md."""
