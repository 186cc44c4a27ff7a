"""The tool's half: model files -> `Restorer`, which fills the holes of any picture."""
