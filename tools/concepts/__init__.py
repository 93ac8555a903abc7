"""A test of what a class understands of gates and long memory, in two forms, and what a class answered.

    make concepts                        the test to print, the key, and the form for Moodle, in build/concepts
    make concepts ARGS=class.csv         what the class answered, question by question

The questions stand in items.json, every wrong choice with the belief that leads to it. The key is computed from the
numbers of a question, or read from what a notebook measured, by tests/concepts/test_key.py.
"""
