"""`python -m fairwatch`."""

from fairwatch.cli.main import main

main()
