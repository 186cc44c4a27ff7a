"""Pages on evaluations and trainings: tables, plots and sheets of pictures."""
