"""Tables, documents and findings in each output format."""
