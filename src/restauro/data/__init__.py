"""Pictures from their sources into a bank, and from the bank in batches."""
