"""`python -m efface`."""

from efface.cli.main import main

if __name__ == "__main__":
    main()
