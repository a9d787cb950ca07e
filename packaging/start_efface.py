"""What the bundle's `efface` runs."""

from multiprocessing import freeze_support

if __name__ == "__main__":
    freeze_support()  # a worker is this program again, started with other arguments
    from efface.__main__ import main

    main()
