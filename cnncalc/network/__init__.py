"""The layer graph of a spec: records, and the builder that makes them."""
