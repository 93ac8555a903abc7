"""The figures of the notebooks, a file for each, named by its subject: plain data in, a figure and its text shown."""
