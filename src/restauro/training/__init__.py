"""Training: configuration, the visible loop, checkpoints and history."""
