"""What changed from one network to another: tables of changes, causes and totals, Markdown, and JSON."""
