"""``python -m headwater.cli``: the command line without the installed script."""

from headwater.cli import main

if __name__ == "__main__":
    main()
