"""The command line: one file for each command of `restauro`, and its heavy imports inside."""
