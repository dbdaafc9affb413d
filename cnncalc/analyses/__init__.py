"""Network -> records of exact, unformatted numbers."""
