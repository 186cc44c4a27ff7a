"""Everything that fills holes: `catalogue.load` gives a `Filler` for every name and path."""
