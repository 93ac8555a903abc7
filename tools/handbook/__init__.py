"""The teacher's handbook: what stands in the course about each lesson, and what only a person can add.

`make readme` writes it into docs/handbook.md, and the pictures for the board into docs/board. Goals, words,
predictions, what is believed, exercises, their minutes and mistakes are read where they stand. What may be skipped,
what to ask aloud, what to draw, who the learners are and which lesson goes where is in lessons.json.
"""
