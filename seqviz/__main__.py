"""`python -m seqviz` starts the app."""

from seqviz.launch import main

if __name__ == "__main__":
    main()
