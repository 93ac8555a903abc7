"""What went wrong because the learner's machine is another one than the grader's: that is for the teacher's hand."""

import re
import sys

# As the text of an error begins: with its kind, before which the box writes RuntimeError where it is an unusual one.
FAILED = re.compile(
    r"(?:RuntimeError: )?(?:"
    r"ModuleNotFoundError|ImportError|FileNotFoundError"
    r"|EOFError|StdinNotImplementedError"  # it asks whoever sits before it
    r"|URLError|HTTPError|ConnectionError|ConnectTimeout|gaierror|socket\.|SSLError|\w*: <urlopen error"
    r"|(?:AssertionError|RuntimeError|NotImplementedError|AcceleratorError): .*(?:CUDA|cuda|mps|NVIDIA|XPU|HIP|MPS)"
    r"|OSError: \[Errno 101\]"  # no network
    r"|AttributeError: (?:module '[\w.]+' has no attribute|`np\.\w+` was removed)"  # in another version there may be
    r")"
)


def failed(said):
    """Whether an error, "Kind: words", may be none where the learner worked: a package, a file, a processor lacks."""
    return FAILED.match(said) is not None


def unread(said, version):
    """Whether a cell that Python cannot read here may be right in the Python in which the notebook was written."""
    found = re.match(r"3\.(\d{1,3})", version)
    return said.startswith("SyntaxError") and found is not None and int(found[1]) > sys.version_info.minor


def doubt(said, version=""):
    """What is said where a learner's machine may have been right, else None."""
    if unread(said, version):
        return f"{said}. The notebook is of Python {version}, the grader has {sys.version.split()[0]}."
    return f"{said.rstrip('.')}. The learner's machine may have had it." if failed(said) else None
