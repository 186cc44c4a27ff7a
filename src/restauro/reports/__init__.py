"""Pages for people: tables, plots and sheets of evaluations, trainings and the reproduction."""
