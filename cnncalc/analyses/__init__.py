"""Network -> answers: numbers, exact and unformatted."""
