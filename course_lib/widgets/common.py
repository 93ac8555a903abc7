"""What every widget has: a figure that stands in where there is no kernel, and what the learner did."""

from base64 import b64encode
from io import BytesIO

import matplotlib.pyplot as plt

from course_lib.answers import answers, keep_answer

WIDE = {"description_width": "initial"}


def kept(widget):
    """What the learner last did with a widget, a dict; empty under test, and where nothing usable is kept."""
    found = answers().get(type(widget).__name__)
    return found if isinstance(found, dict) else {}


def keep(widget, done):
    """Keep what the learner did with a widget for the next run of its cell."""
    keep_answer(type(widget).__name__, done)


class StandIn:
    """Shows static() in the widget's place where there is no kernel: on a static page, on a code host, in print."""

    @classmethod
    def example(cls):
        """One to try, for the tests."""
        return cls()

    def _repr_mimebundle_(self, **options):
        shown = super()._repr_mimebundle_(**options)
        data, about = shown if isinstance(shown, tuple) else (shown, {})
        figure, text = self.static()
        png = BytesIO()
        figure.savefig(png, format="png")
        plt.close(figure)
        return data | {"image/png": b64encode(png.getvalue()).decode()}, about | {"image/png": {"alt": text}}
