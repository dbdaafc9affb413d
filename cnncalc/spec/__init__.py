"""Spec files: where they are, what they extend, and their contents as records."""
