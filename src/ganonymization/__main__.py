"""`python -m ganonymization` is `ganonymize`."""

from ganonymization.cli import main

if __name__ == "__main__":
    main()
