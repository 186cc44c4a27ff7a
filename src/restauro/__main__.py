"""`python -m restauro` is the same as `restauro`."""

from restauro.cli import main

main()
