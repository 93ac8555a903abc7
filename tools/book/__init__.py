"""The course as a book on the web, built from what is there: the notebooks as they are stored, the words, the claims.

    python -m tools.book        or `make book`: writes build/book; index.html opens from a disk

Nothing is run. stage.py writes the pages' sources to build/book-pages, where they lie as in the course, so that links
between them hold; Sphinx makes the site of them (book/conf.py). The site asks nobody for anything: fonts and scripts
are in it.
"""
