"""The figures of many designs of a spec: the space of their values, what is kept of them, and study files."""
