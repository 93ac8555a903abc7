"""Where nbgrader finds things: solutions/ is the source, exercises/ is generated from it by `make exercises`."""

from nbconvert.exporters import NotebookExporter

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "gating"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "exercises"
c.CourseDirectory.submitted_directory = "grading/submitted"
c.CourseDirectory.autograded_directory = "grading/autograded"
c.CourseDirectory.feedback_directory = "grading/feedback"
c.CourseDirectory.db_url = "sqlite:///grading/gradebook.db"
# Only notebooks leave solutions/: every other file there would be copied into exercises/ as it is.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", ".*", "*.py", "*.part"]

c.ClearSolutions.code_stub = {"python": 'raise NotImplementedError("your turn")'}
c.ClearSolutions.text_stub = "*Your answer.*"
c.ExecutePreprocessor.timeout = 60


class Refused(NotebookExporter):
    """nbgrader's autograder, and Formgrader's button for it, would run a student's notebook with your rights."""

    def __init__(self, *args, **kwargs):
        raise RuntimeError("A student's notebook is not run here, with your rights: grade with `make grade`, in a box.")


c.Autograde.exporter_class = Refused
