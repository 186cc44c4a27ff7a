"""Pages on evaluations, trainings and the reproduction: tables, plots and sheets of pictures."""
