"""Answers -> text: the only place that formats a number."""
