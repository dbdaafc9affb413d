"""Drawings of networks: parts and their connections, placed without other programs, in several formats."""
