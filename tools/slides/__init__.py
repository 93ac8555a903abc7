"""Slides for a lesson, made from its notebook as it is stored; they open from a disk, and ask nobody for anything.

    make slides                                               all lessons, in build/slides
    make slides ARGS=notebooks/05_mixing_old_and_new.ipynb    one, or a notebook of your own

What becomes a slide is said in pick.py: what a class looks at together. The prose becomes the speaker's notes (key S).
A teacher changes the choice in JupyterLab, under *Slide Type* of a cell: *Slide* shows the cell, *Skip* leaves it out,
*Notes* makes it a note.
"""
