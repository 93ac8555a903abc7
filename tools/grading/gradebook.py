"""What nbgrader's gradebook says of a set, and what is written into it; every function takes an open Gradebook."""

from nbgrader.api import MissingEntry


def handed_in(book, name):
    """What was handed in of a set, as nbgrader holds it."""
    try:
        return book.assignment_submissions(name)
    except MissingEntry:
        return []


def grades(one):
    """All grades of one submission."""
    return [grade for notebook in one.notebooks for grade in notebook.grades]


def comments(one):
    """All comments on one submission."""
    return [said for notebook in one.notebooks for said in notebook.comments]


def scores(book, name):
    """{student: {problem: (points, most, waits to be graded by hand)}}."""
    return {
        one.student_id: {grade.name: (grade.score, grade.max_score, grade.needs_manual_grade) for grade in grades(one)}
        for one in handed_in(book, name)
    }


def by_hand(book, name):
    """{student: {"points": {problem: points}, "comments": {problem: text}}}: what was given by hand."""
    found = {}
    for one in handed_in(book, name):
        points = {grade.name: grade.manual_score for grade in grades(one) if grade.manual_score is not None}
        said = {comment.name: comment.manual_comment for comment in comments(one) if comment.manual_comment}
        if points or said:
            found[one.student_id] = {"points": points, "comments": said}
    return found


def give(book, name, student, given):
    """Give points and comments by hand, where there are none and the problem is still there."""
    try:
        one = book.find_submission(name, student)
    except MissingEntry:
        return
    for grade in grades(one):
        if grade.name in given["points"] and grade.manual_score is None:
            grade.manual_score, grade.needs_manual_grade = given["points"][grade.name], False
    for said in comments(one):
        if said.name in given["comments"] and not said.manual_comment:
            said.manual_comment = given["comments"][said.name]
    book.db.commit()


def lower(book, name):
    """Lower points given by hand that are above a new maximum; [(student, problem, points, most)]."""
    found = []
    for one in handed_in(book, name):
        for grade in grades(one):
            if grade.manual_score is not None and grade.manual_score > grade.max_score:
                found.append((one.student_id, grade.name, grade.manual_score, grade.max_score))
                grade.manual_score = grade.max_score
    book.db.commit()
    return found


def queue(book, name, student, problems):
    """Let problems wait for the teacher's hand, where no points were given by it."""
    for grade in grades(book.find_submission(name, student)):
        grade.needs_manual_grade |= grade.name in problems and grade.manual_score is None
    book.db.commit()
