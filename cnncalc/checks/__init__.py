"""Checks of a network against budgets, assertions and design rules."""
