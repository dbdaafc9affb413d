"""Differences between networks: tables of changes, causes and totals, Markdown, and JSON."""
