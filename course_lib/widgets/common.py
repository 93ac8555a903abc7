"""What every widget has: a figure that stands in where there is no kernel."""

import os
from base64 import b64encode
from io import BytesIO

import matplotlib.pyplot as plt

from course_lib.lesson import smaller


class StandIn:
    """Shows static(), a figure and a text, in the widget's place where there is no kernel: on a code host, in print."""

    @classmethod
    def example(cls):
        """One to try, for the tests."""
        return cls()

    def still(self):
        """(the figure as PNG in base64, its text); None where a learner sits before the widget itself."""
        if "COURSE_QUIET" not in os.environ:
            return None
        figure, text = self.static()
        png = BytesIO()
        figure.savefig(png, format="png")
        plt.close(figure)
        return b64encode(smaller(png)).decode(), text
