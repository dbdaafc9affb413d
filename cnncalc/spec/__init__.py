"""Spec files: finding them, resolving `extends`, and their contents as records."""
