"""Compares what was recorded with what AWS logged and billed, and posts what differs."""
