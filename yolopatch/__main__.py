"""`python -m yolopatch`."""

from yolopatch.cli import main

main()
