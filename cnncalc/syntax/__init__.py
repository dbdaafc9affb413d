"""What specs are written in: YAML with places, patterns of names, expressions, and declarations of settings."""
