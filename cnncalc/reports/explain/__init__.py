"""A layer worked out with its numbers, and a network told stage by stage, as documents and as records."""
