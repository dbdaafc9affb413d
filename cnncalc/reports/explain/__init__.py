"""Explanations of a layer with its numbers, and of a network stage by stage, as documents and as records."""
