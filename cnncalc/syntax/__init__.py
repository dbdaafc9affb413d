"""The syntax of specs: YAML with locations, patterns of names, expressions, and declarations of settings."""
